use super::{Kind, OptionRow, Part, row};

pub(super) const ROWS: &[OptionRow] = &[row(
    Part::Jar,
    "native.directory",
    Kind::Text,
    "Directory in which the jar unpacks its native library, for systems whose temporary directory \
     is read-only or runs no programs. Only the jar reads it; elsewhere it is accepted and means \
     nothing.",
)
.without("Java's temporary directory")];
