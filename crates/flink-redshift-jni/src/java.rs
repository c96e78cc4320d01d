//! Java's arguments and results.

use arrow_redshift::{Error, ErrorKind};
use jni::{
    Env,
    objects::{JByteArray, JByteBuffer, JIntArray, JLongArray, JObjectArray, JString, Reference},
    strings::JNIString,
    sys::jint,
};

use crate::{calls, throw::Thrown};

type Read<T> = Result<T, Thrown>;

/// A string, which must be there, and be text: Java's strings may hold half a character.
pub(crate) fn text(env: &Env<'_>, text: &JString<'_>) -> Read<String> {
    let chars = text.mutf8_chars(env)?;
    let text = chars.to_str().into_owned();
    // What cannot be decoded was replaced, and a password must not be another one.
    if JNIString::from(&text).to_bytes() == chars.to_bytes() {
        return Ok(text);
    }
    let why = "a text from Java is not valid: it holds half of a surrogate pair";
    Err(Error::new(ErrorKind::InvalidOptions, why).into())
}

/// A byte array, which must be there.
pub(crate) fn bytes(env: &Env<'_>, array: &JByteArray<'_>) -> Read<Vec<u8>> {
    Ok(env.convert_byte_array(array)?)
}

/// Which operator of which job is meant, and the plan of its sink.
pub(crate) struct Place {
    plan: Vec<u8>,
    operator: String,
    job: String,
}

impl Place {
    pub fn read(
        env: &Env<'_>,
        plan: &JByteArray<'_>,
        operator: &JString<'_>,
        job: &JString<'_>,
    ) -> Read<Place> {
        let (plan, operator) = (bytes(env, plan)?, text(env, operator)?);
        Ok(Place { plan, operator, job: text(env, job)? })
    }

    pub fn get(&self) -> calls::Place<'_> {
        calls::Place { plan: &self.plan, operator: &self.operator, job: &self.job }
    }
}

/// An array of strings.
pub(crate) fn texts(env: &mut Env<'_>, array: &JObjectArray<'_, JString<'_>>) -> Read<Vec<String>> {
    elements(env, array.len(env)?, |env, at| {
        let element = array.get_element(env, at)?;
        let text = text(env, &element)?;
        // One by one, or a long array would fill the frame of local references.
        env.delete_local_ref(element);
        Ok(text)
    })
}

/// An array of byte arrays.
pub(crate) fn byte_arrays(
    env: &mut Env<'_>,
    array: &JObjectArray<'_, JByteArray<'_>>,
) -> Read<Vec<Vec<u8>>> {
    elements(env, array.len(env)?, |env, at| {
        let element = array.get_element(env, at)?;
        let bytes = bytes(env, &element)?;
        env.delete_local_ref(element);
        Ok(bytes)
    })
}

fn elements<T>(
    env: &mut Env<'_>,
    length: usize,
    mut read: impl FnMut(&mut Env<'_>, usize) -> Read<T>,
) -> Read<Vec<T>> {
    (0..length).map(|at| read(env, at)).collect()
}

/// Places of columns; `None` where the array is null.
pub(crate) fn places(env: &mut Env<'_>, array: &JIntArray<'_>) -> Read<Option<Vec<usize>>> {
    if array.is_null() {
        return Ok(None);
    }
    let mut numbers: Vec<jint> = vec![0; array.len(env)?];
    array.get_region(env, 0, &mut numbers)?;
    let place = |number: jint| {
        let why = || Error::new(ErrorKind::Internal, format!("{number} is not a column's place"));
        usize::try_from(number).map_err(|_| Thrown::from(why()))
    };
    numbers.into_iter().map(place).collect::<Read<_>>().map(Some)
}

/// Keys and values that follow each other.
pub(crate) fn pairs(texts: Vec<String>) -> Read<Vec<(String, String)>> {
    let mut pairs = Vec::with_capacity(texts.len() / 2);
    let mut texts = texts.into_iter();
    while let Some(key) = texts.next() {
        let value = texts.next().ok_or_else(|| {
            Error::new(ErrorKind::Internal, format!("option '{key}' came without a value"))
        })?;
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// Columns: each name with its type.
pub(crate) fn columns(names: Vec<String>, types: Vec<String>) -> Read<Vec<(String, String)>> {
    if names.len() == types.len() {
        return Ok(names.into_iter().zip(types).collect());
    }
    let why = format!("{} columns came with {} types", names.len(), types.len());
    Err(Error::new(ErrorKind::Internal, why).into())
}

/// Hands the first `length` bytes of a direct buffer to `read`.
pub(crate) fn with_buffer<T>(
    env: &Env<'_>,
    buffer: &JByteBuffer<'_>,
    length: jint,
    read: impl FnOnce(&[u8]) -> T,
) -> Read<T> {
    let address = env.get_direct_buffer_address(buffer)?;
    let capacity = env.get_direct_buffer_capacity(buffer)?;
    let inside = usize::try_from(length).ok().filter(|length| *length <= capacity);
    let length = inside.ok_or_else(|| {
        let why = format!("a push of {length} bytes came from a buffer of {capacity}");
        Error::new(ErrorKind::Internal, why)
    })?;
    // SAFETY: the JVM gives this address for a direct buffer of `capacity` bytes, of which `length`
    // are read. The buffer lives until the native call returns, since the caller's frame refers to
    // it, and the thread that could write to it is the one that is here.
    #[expect(unsafe_code, reason = "the JVM gives memory as an address")]
    let bytes = unsafe { std::slice::from_raw_parts(address, length) };
    Ok(read(bytes))
}

/// A new byte array.
pub(crate) fn new_bytes<'local>(env: &mut Env<'local>, bytes: &[u8]) -> Read<JByteArray<'local>> {
    Ok(env.byte_array_from_slice(bytes)?)
}

/// A new byte array, or null.
pub(crate) fn bytes_or_null<'local>(
    env: &mut Env<'local>,
    bytes: Option<Vec<u8>>,
) -> Read<JByteArray<'local>> {
    bytes.map_or(Ok(JByteArray::default()), |bytes| new_bytes(env, &bytes))
}

/// A new array of numbers.
pub(crate) fn new_longs<'local>(
    env: &mut Env<'local>,
    numbers: &[i64],
) -> Read<JLongArray<'local>> {
    let array = JLongArray::new(env, numbers.len())?;
    array.set_region(env, 0, numbers)?;
    Ok(array)
}

/// A new array of strings.
pub(crate) fn new_texts<'local, 'text>(
    env: &mut Env<'local>,
    texts: impl ExactSizeIterator<Item = &'text str>,
) -> Read<JObjectArray<'local, JString<'local>>> {
    let array = JObjectArray::<JString<'_>>::new(env, texts.len(), JString::default())?;
    for (at, text) in texts.enumerate() {
        let text = JString::new(env, text)?;
        array.set_element(env, at, &text)?;
        env.delete_local_ref(text);
    }
    Ok(array)
}

/// Fills Java's array of numbers as far as it goes.
pub(crate) fn fill(env: &Env<'_>, into: &JLongArray<'_>, numbers: &[i64]) -> Read<()> {
    let length = into.len(env)?.min(numbers.len());
    Ok(into.set_region(env, 0, &numbers[..length])?)
}
