//! A Parquet file's footer, checked before any of its rows is read.

use std::{fs::File, sync::Arc};

use parquet::{
    basic::{Compression, Encoding, PageType},
    column::page::PageReader,
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaData},
        reader::{FileReader, SerializedFileReader},
        serialized_reader::{ReadOptionsBuilder, SerializedPageReader},
    },
    schema::types::{ColumnDescriptor, Type},
};

use super::judge::{Decode, Verdict, judge};
use crate::copy::{
    CopyContext, CopyError,
    error::INTERNAL_ERROR,
    files::{self, DataFile},
    target::{ColumnType, TargetColumn},
};

/// 15001: the file is not as the scan layer expects.
const BAD_FILE: u32 = 15001;
/// 15007: the file's columns are not the table's.
const BAD_SCHEMA: u32 = 15007;

/// What a COPY asks of its Parquet files.
pub struct Expectation<'a> {
    /// Columns to fill, in the order of the file's.
    pub columns: &'a [TargetColumn],
    /// `FILLRECORD`: a file may have fewer.
    pub fill_record: bool,
    /// `SERIALIZETOJSON`.
    pub serialize_to_json: bool,
}

/// A file whose footer has been found to be loadable.
pub struct Checked {
    /// Reader over the file.
    pub reader: SerializedFileReader<File>,
    /// How each column of the file is read.
    pub decodes: Vec<Decode>,
}

/// Opens a file and checks its footer against the allow-list.
pub fn open(
    file: &DataFile,
    expectation: &Expectation<'_>,
    context: &CopyContext,
) -> Result<Checked, CopyError> {
    let check = Check { file, expectation, context };
    check.size()?;
    check.name()?;
    let chunks = files::open(file, context)?;
    let raw = Arc::new(chunks.try_clone().map_err(|e| check.unreadable(&e.to_string()))?);
    // The full list, because it tells the pages' versions.
    let options = ReadOptionsBuilder::new().with_encoding_stats_as_mask(false).build();
    let reader = SerializedFileReader::new_with_options(chunks, options)
        .map_err(|e| check.unreadable(&e.to_string()))?;
    let decodes = check.schema(reader.metadata())?;
    check.storage(reader.metadata(), &raw)?;
    Ok(Checked { reader, decodes })
}

struct Check<'a> {
    file: &'a DataFile,
    expectation: &'a Expectation<'a>,
    context: &'a CopyContext,
}

impl Check<'_> {
    fn failed(&self, code: u32, context: &str) -> CopyError {
        CopyError::spectrum(&self.context.session, code, context)
    }

    fn not_modelled(&self, what: &str) -> CopyError {
        CopyError::not_modelled(format!("unverified: Parquet COPY of {what} ({})", self.address()))
    }

    fn address(&self) -> String {
        self.file.address.to_string()
    }

    fn unreadable(&self, cause: &str) -> CopyError {
        let text = format!("File '{}' has an invalid version number: {cause}", self.address());
        self.failed(BAD_FILE, &text)
    }

    /// The scan takes the manifest's word for the size, and then finds no footer at its end.
    fn size(&self) -> Result<(), CopyError> {
        match self.file.claimed {
            Some(claimed) if claimed != self.file.size => {
                let cause = format!("content_length {claimed}, size {}", self.file.size);
                Err(self.unreadable(&cause))
            }
            _ => Ok(()),
        }
    }

    /// The extension decides on compression of the file as a whole.
    fn name(&self) -> Result<(), CopyError> {
        let key = &self.file.address.key;
        match [".gz", ".bz2", ".snappy"].iter().find(|suffix| key.ends_with(**suffix)) {
            Some(suffix) => Err(self.not_modelled(&format!("a file compressed as {suffix}"))),
            None => Ok(()),
        }
    }

    fn schema(&self, metadata: &ParquetMetaData) -> Result<Vec<Decode>, CopyError> {
        let schema = metadata.file_metadata().schema_descr();
        let fields = schema.root_schema().get_fields();
        let columns = self.expectation.columns;
        let count_fits = fields.len() == columns.len()
            || self.expectation.fill_record && fields.len() < columns.len();
        if !count_fits {
            let text = format!(
                "Unmatched number of columns between table and file. Table columns: {}, Data \
                 columns: {}",
                columns.len(),
                fields.len()
            );
            return Err(self.failed(BAD_SCHEMA, &text));
        }
        let wants_super = columns.iter().any(|column| column.data_type == ColumnType::Super);
        if wants_super && !self.expectation.serialize_to_json
            || fields.iter().any(|field| is_nested(field))
        {
            return Err(self.nested());
        }
        let leaves = (0..schema.num_columns()).map(|i| schema.column(i));
        leaves.zip(columns).map(|(leaf, column)| self.column(&leaf, column)).collect()
    }

    fn nested(&self) -> CopyError {
        if self.expectation.serialize_to_json {
            return CopyError::not_modelled("nested Parquet columns (SUPER)");
        }
        let text = "SUPER column in COPY query requires SERIALIZETOJSON option";
        CopyError::plain(INTERNAL_ERROR, text)
    }

    fn column(&self, leaf: &ColumnDescriptor, column: &TargetColumn) -> Result<Decode, CopyError> {
        match judge(leaf, column.data_type) {
            Verdict::Loads(decode) => Ok(decode),
            Verdict::Incompatible => {
                let text = format!(
                    "File '{file}' has an incompatible Parquet schema for column '{file}.{name}'. \
                     Column type: {wanted}, Parquet schema:\n{found}",
                    file = self.address(),
                    name = column.name,
                    wanted = column.data_type.sql_name(),
                    found = description(leaf),
                );
                Err(self.failed(BAD_SCHEMA, &text))
            }
            Verdict::Length { expecting, found } => {
                let text = format!(
                    "File '{}', column '{}' has an invalid type length. Expecting: {expecting} len \
                     in file: {found}",
                    self.address(),
                    leaf.name()
                );
                Err(self.failed(BAD_FILE, &text))
            }
            Verdict::Unverified(what) => {
                let name = &column.name;
                Err(self.not_modelled(&format!("{what} in column \"{name}\"")))
            }
        }
    }

    /// Codecs, encodings and page versions.
    fn storage(&self, metadata: &ParquetMetaData, raw: &Arc<File>) -> Result<(), CopyError> {
        for group in metadata.row_groups() {
            for chunk in group.columns() {
                let name = chunk.column_descr().name();
                self.codec(chunk, name)?;
                if let Some(encoding) = chunk.encodings().find(|e| !is_known(*e)) {
                    let what = format!("encoding {encoding} in column \"{name}\"");
                    return Err(self.not_modelled(&what));
                }
                let rows = usize::try_from(group.num_rows()).unwrap_or(0);
                if self.has_v2_pages(chunk, raw, rows)? {
                    let what = format!("data pages of version 2 in column \"{name}\"");
                    return Err(self.not_modelled(&what));
                }
            }
        }
        Ok(())
    }

    fn codec(&self, chunk: &ColumnChunkMetaData, name: &str) -> Result<(), CopyError> {
        match chunk.compression() {
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) => Ok(()),
            other => Err(self.not_modelled(&format!("codec {other} in column \"{name}\""))),
        }
    }

    fn has_v2_pages(
        &self,
        chunk: &ColumnChunkMetaData,
        raw: &Arc<File>,
        rows: usize,
    ) -> Result<bool, CopyError> {
        if let Some(stats) = chunk.page_encoding_stats() {
            return Ok(stats.iter().any(|page| page.page_type == PageType::DATA_PAGE_V2));
        }
        // The footer does not tell: look at the page headers.
        let failed = |e: parquet::errors::ParquetError| self.unreadable(&e.to_string());
        let mut pages =
            SerializedPageReader::new(raw.clone(), chunk, rows, None).map_err(failed)?;
        while let Some(page) = pages.peek_next_page().map_err(failed)? {
            // Only headers of version 2 say how many rows a page has.
            if !page.is_dict && page.num_rows.is_some() {
                return Ok(true);
            }
            pages.skip_next_page().map_err(failed)?;
        }
        Ok(false)
    }
}

fn is_nested(field: &Type) -> bool {
    field.is_group()
        || field.get_basic_info().has_repetition()
            && field.get_basic_info().repetition() == parquet::basic::Repetition::REPEATED
}

fn is_known(encoding: Encoding) -> bool {
    #[allow(deprecated)] // BIT_PACKED: old writers use it for levels.
    let levels = encoding == Encoding::BIT_PACKED;
    levels
        || matches!(
            encoding,
            Encoding::PLAIN | Encoding::PLAIN_DICTIONARY | Encoding::RLE | Encoding::RLE_DICTIONARY
        )
}

/// A file's column as the scan layer prints it, such as `optional int64 x [i:0 d:1 r:0]`.
fn description(leaf: &ColumnDescriptor) -> String {
    let presence = if leaf.max_def_level() > 0 { "optional" } else { "required" };
    let physical = leaf.physical_type().to_string().to_lowercase();
    let (def, rep) = (leaf.max_def_level(), leaf.max_rep_level());
    format!("{presence} {physical} {} [d:{def} r:{rep}]", leaf.name())
}
