//! Which objects a COPY loads: those under a prefix, or those that a manifest lists.

use std::{fs::File, io::Read};

use super::{
    Access, Address, CopyContext, CopyError,
    access::{check_region, place, s3_failure},
    manifest::{self, Entry},
    source::SourceFailure,
};
use crate::dialect::copy::{CopyStatement, Format};

/// An object to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Where it lies.
    pub address: Address,
    /// Its size when the load began, in bytes.
    pub size: u64,
    /// The size that a manifest claims.
    pub claimed: Option<u64>,
}

/// Finds the objects to load, as `access` may see them.
pub fn data_files(
    statement: &CopyStatement,
    access: &Access,
    context: &CopyContext,
) -> Result<Vec<DataFile>, CopyError> {
    let address = Address::parse(&statement.from)
        .ok_or_else(|| CopyError::plain("XX000", format!("Invalid S3 URI: {}", statement.from)))?;
    let search = Search { statement, access, context };
    search.check(&address)?;
    if statement.manifest { search.by_manifest(&address) } else { search.by_prefix(&address) }
}

/// Opens an object; S3 may refuse it now though it was there before.
pub fn open(file: &DataFile, context: &CopyContext) -> Result<File, CopyError> {
    let Address { bucket, key } = &file.address;
    context
        .source
        .open(bucket, key)
        .map_err(|f| s3_failure(&context.session, &f, &place("Reading", &file.address)))
}

struct Search<'a> {
    statement: &'a CopyStatement,
    access: &'a Access,
    context: &'a CopyContext,
}

impl Search<'_> {
    fn check(&self, address: &Address) -> Result<(), CopyError> {
        let region = self.statement.region.as_deref().unwrap_or(&self.context.region);
        check_region(&address.bucket, region, self.context)?;
        self.access.check(address, &self.context.session)
    }

    fn failed(&self, failure: &SourceFailure, doing: &str, address: &Address) -> CopyError {
        s3_failure(&self.context.session, failure, &place(doing, address))
    }

    fn by_prefix(&self, prefix: &Address) -> Result<Vec<DataFile>, CopyError> {
        let objects = self
            .context
            .source
            .list(&prefix.bucket, &prefix.key)
            .map_err(|f| self.failed(&f, "Listing", prefix))?;
        if objects.is_empty() {
            let message = format!("The specified S3 prefix '{}' does not exist", prefix.key);
            let session = &self.context.session;
            return Err(CopyError::leader(session, &message, 8001, ""));
        }
        let file = |key: String, size| DataFile {
            address: Address { bucket: prefix.bucket.clone(), key },
            size,
            claimed: None,
        };
        Ok(objects.into_iter().map(|object| file(object.key, object.size)).collect())
    }

    fn by_manifest(&self, address: &Address) -> Result<Vec<DataFile>, CopyError> {
        let session = &self.context.session;
        let bytes = self.read_manifest(address)?;
        let entries = manifest::parse(&bytes).ok_or_else(|| {
            let message = "Manifest file is not in correct json format";
            CopyError::leader(session, message, 9001, &place("Reading", address))
        })?;
        let mut files = Vec::with_capacity(entries.len());
        for entry in &entries {
            files.extend(self.entry(entry)?);
        }
        if files.is_empty() {
            let message = format!("No file of manifest '{address}' was found");
            return Err(CopyError::leader(session, &message, 9001, ""));
        }
        Ok(files)
    }

    fn read_manifest(&self, address: &Address) -> Result<Vec<u8>, CopyError> {
        let source = &self.context.source;
        let mut file = source.open(&address.bucket, &address.key).map_err(|failure| {
            if failure.is_missing() && self.is_prefix(address) {
                let message = "COPY with MANIFEST parameter requires full path of an Amazon S3 \
                               object";
                return CopyError::leader(&self.context.session, message, 8001, "");
            }
            let mut error = self.failed(&failure, "Reading", address);
            error.message = format!("Problem reading manifest file - {}", error.message);
            error
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| {
            let message = format!("Problem reading manifest file - {error}");
            CopyError::leader(&self.context.session, &message, 8001, &place("Reading", address))
        })?;
        Ok(bytes)
    }

    fn is_prefix(&self, address: &Address) -> bool {
        let listed = self.context.source.list(&address.bucket, &address.key);
        address.key.is_empty() || address.key.ends_with('/') || listed.is_ok_and(|l| !l.is_empty())
    }

    /// The file of an entry; `None` where it is missing and need not be there.
    fn entry(&self, entry: &Entry) -> Result<Option<DataFile>, CopyError> {
        let address = &entry.address;
        self.check(address)?;
        let columnar = matches!(self.statement.format, Format::Parquet { .. });
        if columnar && entry.content_length.is_none() {
            let message = "Manifest entries of a columnar COPY need meta.content_length";
            let context = place("Reading manifest entry", address);
            return Err(CopyError::leader(&self.context.session, message, 9001, &context));
        }
        let size = match self.context.source.size(&address.bucket, &address.key) {
            Ok(size) => size,
            Err(failure) if failure.is_missing() && !entry.mandatory => return Ok(None),
            Err(failure) if failure.is_missing() => return Err(self.missing(address, columnar)),
            Err(failure) => return Err(self.failed(&failure, "Reading", address)),
        };
        let claimed = entry.content_length.filter(|_| columnar);
        Ok(Some(DataFile { address: address.clone(), size, claimed }))
    }

    fn missing(&self, address: &Address, columnar: bool) -> CopyError {
        let session = &self.context.session;
        if columnar {
            let context = format!("File not found: {address}");
            return CopyError::spectrum_named(
                session,
                "Spectrum Scan Error: File not found",
                15001,
                &context,
            );
        }
        let message = "Mandatory url is not present in manifest file";
        CopyError::leader(session, message, 9001, &address.to_string())
    }
}
