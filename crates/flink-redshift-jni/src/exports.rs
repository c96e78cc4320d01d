//! The natives of `io.github.flinkredshift.jni.Native`: arguments in, [`calls`], results out.
//!
//! READY is 1 and PENDING 0, or null where something else is given back.

use jni::{
    EnvUnowned,
    objects::{JByteArray, JByteBuffer, JClass, JIntArray, JLongArray, JObjectArray, JString},
    sys::{jboolean, jint, jlong},
};

use crate::{calls, java, logs, plan::Declaration, throw};

/// Exports functions as natives of Java's class. A panic in one becomes an exception.
macro_rules! natives {
    ($(
        fn $name:ident<$frame:lifetime>($env:ident $(, $argument:ident: $type:ty)* $(,)?)
            $(-> $result:ty)? $body:block
    )+) => { $(
        // SAFETY of the name: no other library defines it, since it holds the class's package.
        #[expect(unsafe_code, reason = "the JVM finds a native by the name of its symbol")]
        #[unsafe(no_mangle)]
        extern "system" fn $name<$frame>(
            mut caller: EnvUnowned<$frame>,
            _class: JClass<$frame>,
            $($argument: $type,)*
        ) $(-> $result)? {
            throw::guarded(&mut caller, |$env| {
                logs::install();
                $body
            })
        }
    )+ };
}

natives! {
    fn Java_io_github_flinkredshift_jni_Native_version<'f>(env) -> JString<'f> {
        Ok(JString::new(env, calls::VERSION)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_takeLogs<'f>(
        env,
        max: jint,
    ) -> JObjectArray<'f, JString<'f>> {
        let events = logs::take(usize::try_from(max).unwrap_or_default());
        let texts: Vec<&str> = events
            .iter()
            .flat_map(|event| [event.level, &event.target, &event.message])
            .collect();
        java::new_texts(env, texts.into_iter())
    }

    fn Java_io_github_flinkredshift_jni_Native_setLogLevel<'f>(env, level: JString<'f>) {
        Ok(calls::set_log_level(&java::text(env, &level)?)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_plan<'f>(
        env,
        options: JObjectArray<'f, JString<'f>>,
        names: JObjectArray<'f, JString<'f>>,
        types: JObjectArray<'f, JString<'f>>,
        primary_key: JObjectArray<'f, JString<'f>>,
        written: JIntArray<'f>,
        overwrite: jboolean,
        comment: JString<'f>,
        column_comments: JObjectArray<'f, JString<'f>>,
    ) -> JByteArray<'f> {
        let (names, types) = (java::texts(env, &names)?, java::texts(env, &types)?);
        let declaration = Declaration {
            options: java::pairs(java::texts(env, &options)?)?,
            columns: java::columns(names, types)?,
            primary_key: java::texts(env, &primary_key)?,
            written: java::places(env, &written)?,
            overwrite,
            comment: Some(java::text(env, &comment)?).filter(|comment| !comment.is_empty()),
            column_comments: java::pairs(java::texts(env, &column_comments)?)?,
        };
        java::new_bytes(env, &calls::plan(declaration)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_facts<'f>(
        env,
        plan: JByteArray<'f>,
    ) -> JLongArray<'f> {
        let facts = calls::facts(&java::bytes(env, &plan)?)?;
        java::new_longs(env, &facts)
    }

    fn Java_io_github_flinkredshift_jni_Native_warnings<'f>(
        env,
        plan: JByteArray<'f>,
    ) -> JObjectArray<'f, JString<'f>> {
        let warnings = calls::warnings(&java::bytes(env, &plan)?)?;
        java::new_texts(env, warnings.iter().map(String::as_str))
    }

    fn Java_io_github_flinkredshift_jni_Native_openWriter<'f>(
        env,
        plan: JByteArray<'f>,
        operator: JString<'f>,
        job: JString<'f>,
        subtask: jint,
        parallelism: jint,
        restored: jlong,
        timed: jboolean,
        savepoints: jboolean,
    ) -> jlong {
        let place = java::Place::read(env, &plan, &operator, &job)?;
        let place = place.get();
        Ok(calls::open_writer(place, subtask, parallelism, restored, timed, savepoints)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_push<'f>(
        env,
        writer: jlong,
        buffer: JByteBuffer<'f>,
        length: jint,
        rows: jint,
        since: jlong,
    ) -> jint {
        let push = |bytes: &[u8]| calls::push(writer, bytes, rows, since);
        Ok(jint::from(java::with_buffer(env, &buffer, length, push)??))
    }

    fn Java_io_github_flinkredshift_jni_Native_await<'f>(_env, writer: jlong, millis: jint) -> jint {
        Ok(jint::from(calls::await_room(writer, millis)?))
    }

    fn Java_io_github_flinkredshift_jni_Native_beginClose<'f>(
        _env,
        writer: jlong,
        checkpoint: jlong,
        end_of_input: jboolean,
    ) {
        Ok(calls::begin_close(writer, checkpoint, end_of_input)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_takeStaged<'f>(
        env,
        writer: jlong,
        millis: jint,
    ) -> JByteArray<'f> {
        java::bytes_or_null(env, calls::take_staged(writer, millis)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_reached<'f>(
        _env,
        writer: jlong,
        checkpoint: jlong,
    ) {
        Ok(calls::reached(writer, checkpoint)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_writerMetrics<'f>(
        env,
        writer: jlong,
        into: JLongArray<'f>,
    ) {
        java::fill(env, &into, &calls::writer_metrics(writer)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_closeWriter<'f>(_env, writer: jlong) {
        Ok(calls::close_writer(writer)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_gather<'f>(
        env,
        plan: JByteArray<'f>,
        operator: JString<'f>,
        job: JString<'f>,
        checkpoint: jlong,
        staged: JObjectArray<'f, JByteArray<'f>>,
    ) -> JByteArray<'f> {
        let place = java::Place::read(env, &plan, &operator, &job)?;
        let staged = java::byte_arrays(env, &staged)?;
        java::bytes_or_null(env, calls::gather(place.get(), checkpoint, &staged)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_absorb<'f>(
        env,
        earlier: JByteArray<'f>,
        later: JByteArray<'f>,
    ) -> JByteArray<'f> {
        let both = calls::absorb(&java::bytes(env, &earlier)?, &java::bytes(env, &later)?)?;
        java::new_bytes(env, &both)
    }

    fn Java_io_github_flinkredshift_jni_Native_committableFacts<'f>(
        env,
        committable: JByteArray<'f>,
    ) -> JLongArray<'f> {
        let facts = calls::committable_facts(&java::bytes(env, &committable)?)?;
        java::new_longs(env, &facts)
    }

    fn Java_io_github_flinkredshift_jni_Native_openCommitter<'f>(
        env,
        plan: JByteArray<'f>,
        operator: JString<'f>,
        job: JString<'f>,
        timeout_millis: jlong,
    ) -> jlong {
        let place = java::Place::read(env, &plan, &operator, &job)?;
        Ok(calls::open_committer(place.get(), timeout_millis)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_beginCommit<'f>(
        env,
        committer: jlong,
        committable: JByteArray<'f>,
    ) {
        Ok(calls::begin_commit(committer, &java::bytes(env, &committable)?)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_awaitCommit<'f>(
        env,
        committer: jlong,
        millis: jint,
    ) -> JLongArray<'f> {
        match calls::await_commit(committer, millis)? {
            Some(facts) => java::new_longs(env, &facts),
            None => Ok(JLongArray::default()),
        }
    }

    fn Java_io_github_flinkredshift_jni_Native_interrupt<'f>(_env, handle: jlong) {
        Ok(calls::interrupt(handle)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_closeCommitter<'f>(_env, committer: jlong) {
        Ok(calls::close_committer(committer)?)
    }

    fn Java_io_github_flinkredshift_jni_Native_openHandles<'f>(_env) -> jlong {
        Ok(calls::open_handles())
    }
}
