package io.github.flinkredshift.architecture;

import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

import java.util.Set;
import java.util.TreeSet;

/** Collects every class, method and field of Flink that a class file names. */
final class FlinkMembers extends ClassVisitor {

    private static final String FLINK = "org/apache/flink/";

    /** Internal names of classes. */
    final Set<String> classes = new TreeSet<>();

    /** Members as {@code owner.name:descriptor}; a method's descriptor begins with a bracket. */
    final Set<String> members = new TreeSet<>();

    FlinkMembers() {
        super(Opcodes.ASM9);
    }

    private void type(String internalName) {
        if (internalName != null && internalName.startsWith(FLINK)) {
            classes.add(internalName);
        }
    }

    private void type(Type type) {
        switch (type.getSort()) {
            case Type.ARRAY:
                type(type.getElementType());
                break;
            case Type.OBJECT:
                type(type.getInternalName());
                break;
            case Type.METHOD:
                type(type.getReturnType());
                for (Type argument : type.getArgumentTypes()) {
                    type(argument);
                }
                break;
            default:
        }
    }

    private void member(String owner, String name, String descriptor) {
        type(Type.getObjectType(owner));
        type(Type.getType(descriptor));
        if (owner.startsWith(FLINK)) {
            members.add(owner + "." + name + ":" + descriptor);
        }
    }

    @Override
    public void visit(
            int version,
            int access,
            String name,
            String signature,
            String superName,
            String[] interfaces) {
        type(superName);
        for (String each : interfaces) {
            type(each);
        }
    }

    @Override
    public FieldVisitor visitField(
            int access, String name, String descriptor, String signature, Object value) {
        type(Type.getType(descriptor));
        return null;
    }

    @Override
    public MethodVisitor visitMethod(
            int access, String name, String descriptor, String signature, String[] exceptions) {
        type(Type.getType(descriptor));
        return new Code();
    }

    private final class Code extends MethodVisitor {

        Code() {
            super(Opcodes.ASM9);
        }

        @Override
        public void visitMethodInsn(
                int opcode, String owner, String name, String descriptor, boolean isInterface) {
            member(owner, name, descriptor);
        }

        @Override
        public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            member(owner, name, descriptor);
        }

        @Override
        public void visitTypeInsn(int opcode, String type) {
            type(Type.getObjectType(type));
        }

        @Override
        public void visitTryCatchBlock(Label start, Label end, Label handler, String type) {
            type(type);
        }

        @Override
        public void visitInvokeDynamicInsn(
                String name, String descriptor, Handle bootstrap, Object... arguments) {
            type(Type.getType(descriptor));
            for (Object argument : arguments) {
                if (argument instanceof Handle) {
                    Handle handle = (Handle) argument;
                    member(handle.getOwner(), handle.getName(), handle.getDesc());
                } else if (argument instanceof Type) {
                    type((Type) argument);
                }
            }
        }
    }

    /** Reads a class file. */
    void read(byte[] classFile) {
        new ClassReader(classFile).accept(this, ClassReader.SKIP_DEBUG);
    }
}
