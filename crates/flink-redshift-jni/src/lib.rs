//! The native library of the Flink connector: what Java calls, over the core.
//!
//! Knows handles, exceptions and Flink's binary rows; no SQL, no S3, and nothing of what an option
//! means. Java moves rows and opaque bytes through it and waits.
//!
//! **Calls.** `exports` are the natives of `io.github.flinkredshift.jni.Native`: each reads its
//! arguments and hands over to [`calls`], which tests use without a JVM. Whatever waits for Redshift
//! or S3 is begun by one call and asked for by others, each bounded by milliseconds. Rust calls Java
//! only to throw; a panic becomes an exception.
//!
//! **Handles** are keys into one table, never pointers: a stale one is an error.
//!
//! **Threads.** One Tokio runtime begins with the first handle and ends, threads and all, with the
//! last. Rows are decoded on the thread that pushes them; checking, encoding and uploading them is a
//! task of the writer's own.
//!
//! **Memory.** A writer holds what the core's writer holds (below 96 MiB, see
//! [`arrow_redshift::stage::StageWriter`]) and two batches at most: one that is being written, and
//! one that waits or is being decoded. A batch takes at most twice the bytes of the push that it
//! comes from: a field is 8 bytes there and at most 16 in Arrow, and texts that together are longer
//! than their push are refused. With pushes of 1 MiB that is about 100 MiB a writer, whatever the
//! volume and however slow S3 is; a single row of 16 MiB adds 64 MiB while it passes. A committer
//! holds no rows. Logs that nobody takes are bounded too, see [`logs`].

/// The rows of the boundary are little-endian, and offsets have 32 bits beside a length of 32.
const _: () = assert!(
    cfg!(all(target_endian = "little", target_pointer_width = "64")),
    "Flink's binary rows are read on little-endian 64-bit platforms only"
);

pub mod calls;
pub mod committer;
mod exports;
mod handles;
mod java;
pub mod logs;
mod meters;
pub mod plan;
pub mod row;
mod runtime;
mod throw;
mod timed;
mod waiting;
pub mod writer;
mod writing;
