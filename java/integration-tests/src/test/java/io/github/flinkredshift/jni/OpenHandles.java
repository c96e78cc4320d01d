package io.github.flinkredshift.jni;

/** Looks through the package's door: how many writers and committers are open in the library. */
public final class OpenHandles {

    private OpenHandles() {}

    /** The number of open handles of this class loader's library; zero when it is not loaded. */
    public static long count() {
        try {
            return Native.openHandles();
        } catch (UnsatisfiedLinkError e) {
            return 0;
        }
    }
}
