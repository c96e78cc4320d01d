//! Licence texts, each kept once however many crates carry it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Beginnings of the names of files that hold a licence or a notice.
const TEXTS: &[&str] = &["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// How deep what a crate carries of others may lie, as `third_party/fiat/LICENSE` does.
const DEPTH: usize = 4;

/// Who offers a choice carries this text beside the one that is chosen here.
const NOT_CHOSEN: &str = "GNU GENERAL PUBLIC LICENSE";

/// The texts of crates that carry none, in the order in which they are chosen where an expression
/// leaves a choice. `{holder}` is who holds the copyright.
const STANDARD: [(&str, &str); 3] =
    [("Apache-2.0", include_str!("../../../../LICENSE")), ("MIT", MIT), ("BSD-3-Clause", BSD)];

const MIT: &str = r#"Copyright (c) {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense,
and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN
NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY,
WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"#;

const BSD: &str = r#"Copyright (c) {holder}

Redistribution and use in source and binary forms, with or without modification, are permitted provided
that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and
   the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and
   the following disclaimer in the documentation and/or other materials provided with the distribution.
3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or
   promote products derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED
WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A
PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR
ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED
TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION)
HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING
NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.
"#;

#[derive(Default)]
pub struct Texts {
    texts: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Texts {
    /// The numbers of the texts in a crate's directory and below it, where what it carries of others
    /// has its own.
    pub fn of(&mut self, directory: &Path) -> Result<Vec<usize>> {
        let mut files = Vec::new();
        find(directory, DEPTH, &mut files)?;
        let mut numbers = Vec::new();
        for file in files {
            let bytes =
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let text = String::from_utf8_lossy(&bytes);
            if !text.trim_start().starts_with(NOT_CHOSEN) {
                numbers.push(self.number(&text));
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// The number of the text that everybody means by a licence's name, for a crate without one.
    pub fn standard(&mut self, name: &str, licence: &str, authors: &[&str]) -> Result<usize> {
        let names = |known: &str| licence.split([' ', '(', ')', '/']).any(|word| word == known);
        let Some((_, text)) = STANDARD.iter().find(|(known, _)| names(known)) else {
            bail!(
                "the crate {name} ships no text of its licence `{licence}`, and none is kept here; \
                 add it to this task's source"
            );
        };
        let holder = match authors {
            [] => format!("the authors of {name}"),
            authors => authors.join(", "),
        };
        Ok(self.number(&text.replace("{holder}", &holder)))
    }

    /// All of them, in the order of their numbers, which count from 1.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        self.texts.iter()
    }

    /// Texts that differ in blanks and line ends only are the same text.
    fn number(&mut self, text: &str) -> usize {
        let compared = text.split_whitespace().collect::<Vec<_>>().join(" ");
        *self.numbers.entry(compared).or_insert_with(|| {
            let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
            self.texts.push(lines.join("\n").trim_matches('\n').to_owned());
            self.texts.len()
        })
    }
}

/// Adds the files that hold a licence, in the order of their names.
fn find(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    let mut entries: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() && depth > 1 {
            find(&entry, depth - 1, found)?;
        } else if entry.is_file() && holds_a_licence(&entry) {
            found.push(entry);
        }
    }
    Ok(())
}

fn holds_a_licence(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
    TEXTS.iter().any(|beginning| name.starts_with(beginning)) && !name.ends_with(".RS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once() {
        let mut texts = Texts::default();
        assert_eq!(texts.number("Permission  is\nhereby granted\n"), 1);
        assert_eq!(texts.number("Permission is hereby granted"), 1);
        assert_eq!(texts.number("Another"), 2);
        assert!(
            holds_a_licence(Path::new("a/LICENSE-MIT")) && holds_a_licence(Path::new("NOTICE"))
        );
        assert!(
            !holds_a_licence(Path::new("a/src.rs")) && !holds_a_licence(Path::new("license.rs"))
        );
    }

    #[test]
    fn what_a_crate_carries_of_others_is_found() {
        let directory = std::env::temp_dir().join(format!("licences-{}", std::process::id()));
        let deep = directory.join("third_party/fiat");
        fs::create_dir_all(&deep).unwrap();
        fs::write(directory.join("LICENSE"), "one").unwrap();
        fs::write(directory.join("COPYING"), format!("  {NOT_CHOSEN}\nVersion 2")).unwrap();
        fs::write(deep.join("LICENSE"), "another").unwrap();
        let mut texts = Texts::default();
        let numbers = texts.of(&directory);
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(numbers.unwrap(), [1, 2]);
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["one", "another"]);
    }

    #[test]
    fn a_crate_without_a_text_has_the_one_that_its_licence_names() {
        let mut texts = Texts::default();
        assert_eq!(texts.standard("a", "MIT/Apache-2.0", &[]).unwrap(), 1);
        assert_eq!(texts.standard("b", "Apache-2.0", &["B"]).unwrap(), 1);
        assert_eq!(texts.standard("c", "MIT", &[]).unwrap(), 2);
        assert_eq!(texts.standard("d", "BSD-3-Clause", &["D <d@d>"]).unwrap(), 3);
        assert!(texts.texts[1].starts_with("Copyright (c) the authors of c\n"));
        assert!(texts.texts[2].starts_with("Copyright (c) D <d@d>\n"));
        assert!(texts.standard("e", "MITX", &[]).is_err());
    }
}
