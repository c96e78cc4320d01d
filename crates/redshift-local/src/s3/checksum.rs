//! The checksums that clients send along with a body, in a header before it or a trailer after it.

use s3s::{
    TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto::{Checksum, ChecksumAlgorithm},
};

use super::failure::S3Failure;

/// What a client claims of a body.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    /// The checksums in headers, base64.
    pub sums: Checksum,
    /// The algorithm of a trailer, or one that was named without a value.
    pub algorithm: Option<ChecksumAlgorithm>,
    /// What comes after the body.
    pub trailers: Option<TrailingHeaders>,
}

impl Claimed {
    /// A hasher for the algorithms that the client uses.
    pub(super) fn hasher(&self) -> ChecksumHasher {
        let used = |sum: &Option<String>, name: &str| {
            sum.is_some() || self.algorithm.as_ref().is_some_and(|used| used.as_str() == name)
        };
        let sums = &self.sums;
        ChecksumHasher {
            crc32: used(&sums.checksum_crc32, ChecksumAlgorithm::CRC32).then(Crc32::new),
            crc32c: used(&sums.checksum_crc32c, ChecksumAlgorithm::CRC32C).then(Crc32c::new),
            sha1: used(&sums.checksum_sha1, ChecksumAlgorithm::SHA1).then(Sha1::new),
            sha256: used(&sums.checksum_sha256, ChecksumAlgorithm::SHA256).then(Sha256::new),
            crc64nvme: used(&sums.checksum_crc64nvme, ChecksumAlgorithm::CRC64NVME)
                .then(Crc64Nvme::new),
        }
    }

    /// Compares the claims with what was computed. The body must have been read to its end.
    ///
    /// # Errors
    /// `BadDigest`, naming the algorithm.
    pub(super) fn verify(&self, computed: &Checksum) -> Result<(), S3Failure> {
        for ((name, claimed), (_, computed)) in
            by_name(&self.sums).into_iter().zip(by_name(computed))
        {
            let trailer = self.trailers.as_ref().and_then(|trailers| {
                let header = format!("x-amz-checksum-{}", name.to_ascii_lowercase());
                trailers.read(|headers| headers.get(&header)?.to_str().ok().map(str::to_owned))?
            });
            for claimed in [claimed, trailer.as_deref()].into_iter().flatten() {
                if Some(claimed) != computed {
                    let message =
                        format!("The {name} you specified did not match the calculated checksum.");
                    return Err(S3Failure::new(400, "BadDigest", message));
                }
            }
        }
        Ok(())
    }
}

fn by_name(sums: &Checksum) -> [(&'static str, Option<&str>); 5] {
    [
        ("CRC32", sums.checksum_crc32.as_deref()),
        ("CRC32C", sums.checksum_crc32c.as_deref()),
        ("CRC64NVME", sums.checksum_crc64nvme.as_deref()),
        ("SHA1", sums.checksum_sha1.as_deref()),
        ("SHA256", sums.checksum_sha256.as_deref()),
    ]
}
