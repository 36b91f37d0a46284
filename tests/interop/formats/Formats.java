/* SPDX-License-Identifier: Apache-2.0 */

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.eclipse.leshan.core.link.DefaultLinkSerializer;
import org.eclipse.leshan.core.link.Link;
import org.eclipse.leshan.core.model.LwM2mModel;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.ResourceModel;
import org.eclipse.leshan.core.model.ResourceModel.Operations;
import org.eclipse.leshan.core.model.ResourceModel.Type;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mResourceInstance;
import org.eclipse.leshan.core.node.ObjectLink;
import org.eclipse.leshan.core.node.codec.DefaultLwM2mEncoder;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.util.Hex;

/**
 * Decode what our encoders made (lines as formats.c says) with Leshan, LwM2M CBOR with the decoder that LwM2mCbor.java
 * brings; exit 1 when one says another thing. Print the same nodes as Leshan encodes them into the second file, and
 * into the third the content formats and targets of what was read as it should be.
 */
public class Formats {
    private static final Type[] TYPES = { Type.STRING, Type.INTEGER, Type.UNSIGNED_INTEGER, Type.FLOAT, Type.BOOLEAN,
            Type.OPAQUE, Type.TIME, Type.OBJLNK, Type.CORELINK };

    private static LwM2mModel model() {
        List<ObjectModel> objects = new ArrayList<>(ObjectLoader.loadDefault());
        List<ResourceModel> resources = new ArrayList<>();
        for (int i = 0; i < TYPES.length; i++) {
            for (int many = 0; many < 2; many++)
                resources.add(new ResourceModel(i + 10 * many, "r", Operations.RW, many == 1, false, TYPES[i], "", "",
                        ""));
        }
        objects.add(new ObjectModel(33000, "all types", "", "1.0", true, false, resources));
        return new StaticModel(objects);
    }

    private static String value(Object v) throws Exception {
        if (v instanceof Boolean)
            return v.toString();
        if (v instanceof Double)
            return String.format("f%016x", Double.doubleToRawLongBits((Double) v));
        if (v instanceof Date)
            return "i" + ((Date) v).getTime() / 1000;
        if (v instanceof byte[])
            return "o" + Hex.encodeHexString((byte[]) v);
        if (v instanceof Link[])
            v = new DefaultLinkSerializer().serializeCoreLinkFormat((Link[]) v);
        if (v instanceof String)
            return "s" + Hex.encodeHexString(((String) v).getBytes(StandardCharsets.UTF_8));
        if (v instanceof Number)
            return "i" + v;
        ObjectLink link = (ObjectLink) v;
        return "l" + link.getObjectId() + ":" + link.getObjectInstanceId();
    }

    private static void say(List<String> out, String path, LwM2mNode node) throws Exception {
        if (node instanceof LwM2mObject) {
            for (LwM2mObjectInstance i : new TreeMap<>(((LwM2mObject) node).getInstances()).values())
                say(out, path + "/" + i.getId(), i);
        } else if (node instanceof LwM2mObjectInstance) {
            for (LwM2mResource r : new TreeMap<>(((LwM2mObjectInstance) node).getResources()).values())
                say(out, path + "/" + r.getId(), r);
        } else if (((LwM2mResource) node).isMultiInstances()) {
            for (LwM2mResourceInstance r : new TreeMap<>(((LwM2mResource) node).getInstances()).values())
                out.add(path + "/" + r.getId() + "=" + value(r.getValue()));
        } else {
            out.add(path + "=" + value(((LwM2mResource) node).getValue()));
        }
    }

    /** A Bootstrap-Pack: several objects in one payload. Leshan knows such payloads from its composite operations. */
    private static String pack(String[] f, ContentFormat format, LwM2mModel model) throws Exception {
        Map<LwM2mPath, LwM2mNode> nodes = new TreeMap<>(Comparator.comparing(Formats::order));
        nodes.putAll(LwM2mCbor.withLeshans().decodeNodes(Hex.decodeHex(f[2].toCharArray()), format, null, null,
                model));
        List<String> said = new ArrayList<>();
        for (Map.Entry<LwM2mPath, LwM2mNode> e : nodes.entrySet()) {
            String path = e.getKey().toString();
            if (e.getValue() instanceof LwM2mResourceInstance)
                said.add(path + "=" + value(((LwM2mResourceInstance) e.getValue()).getValue()));
            else
                say(said, path, e.getValue());
        }
        return String.join("|", said);
    }

    private static String order(LwM2mPath p) {
        StringBuilder out = new StringBuilder();
        for (String id : p.toString().substring(1).split("/"))
            out.append(String.format("/%05d", Integer.parseInt(id)));
        return out.toString();
    }

    private static String line(String[] f, ContentFormat format, LwM2mModel model, PrintStream again) {
        try {
            if (f[1].equals("/"))
                return pack(f, format, model);
            LwM2mPath path = new LwM2mPath(f[1]);
            LwM2mNode node = LwM2mCbor.withLeshans().decode(Hex.decodeHex(f[2].toCharArray()), format, null, path,
                    model);
            List<String> said = new ArrayList<>();
            say(said, f[1], node);
            if (!new DefaultLwM2mEncoder().isSupported(format))
                return String.join("|", said);
            byte[] payload = new DefaultLwM2mEncoder().encode(node, format, null, path, model);
            again.println(f[0] + "\t" + f[1] + "\t" + Hex.encodeHexString(payload) + "\t" + f[3]);
            return String.join("|", said);
        } catch (Exception e) {
            return e.toString() + (e.getCause() != null ? ": " + e.getCause() : "");
        }
    }

    public static void main(String[] args) throws Exception {
        LwM2mModel model = model();
        int good = 0, bad = 0;
        try (PrintStream again = new PrintStream(args[1]); PrintStream read = new PrintStream(args[2])) {
            for (String text : Files.readAllLines(Paths.get(args[0]))) {
                String[] f = text.split("\t", -1);
                ContentFormat format = ContentFormat.fromCode(Integer.parseInt(f[0]));
                if (!LwM2mCbor.withLeshans().isSupported(format))
                    continue;
                String said = line(f, format, model, again);
                if (said.equals(f[3])) {
                    good++;
                    read.println(f[0] + "\t" + f[1]);
                } else {
                    bad++;
                    System.out.println(String.join(" ", f[0], f[1], f[2]) + "\n  is       " + said + "\n  expected "
                            + f[3]);
                }
            }
        }
        System.out.println(good + " read as they should, " + bad + " not");
        System.exit(bad > 0 || good == 0 ? 1 : 0);
    }
}
