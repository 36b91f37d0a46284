// SPDX-License-Identifier: Apache-2.0
//
// A decoder of LwM2M CBOR (Content-Format 11544) to plug into Leshan, which has none (2.0.0-M18): CBOR is read by the
// library that Leshan itself uses for SenML CBOR, values become what its own decoders make of them.

import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.eclipse.leshan.core.link.DefaultLinkParser;
import org.eclipse.leshan.core.model.LwM2mModel;
import org.eclipse.leshan.core.model.ResourceModel;
import org.eclipse.leshan.core.model.ResourceModel.Type;
import org.eclipse.leshan.core.node.LwM2mMultipleResource;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.ObjectLink;
import org.eclipse.leshan.core.node.codec.CodecException;
import org.eclipse.leshan.core.node.codec.DefaultLwM2mDecoder;
import org.eclipse.leshan.core.node.codec.MultiNodeDecoder;
import org.eclipse.leshan.core.node.codec.NodeDecoder;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.util.datatype.ULong;

import com.upokecenter.cbor.CBORObject;
import com.upokecenter.cbor.CBORType;

public class LwM2mCbor implements NodeDecoder, MultiNodeDecoder {
    public static final ContentFormat FORMAT = new ContentFormat("LWM2M_CBOR", "application/vnd.oma.lwm2m+cbor", 11544);

    /** Leshan's decoders, and this one. */
    public static DefaultLwM2mDecoder withLeshans() {
        Map<ContentFormat, NodeDecoder> all = DefaultLwM2mDecoder.getDefaultNodeDecoders(false);
        all.put(FORMAT, new LwM2mCbor());
        return new DefaultLwM2mDecoder(all);
    }

    /** object, instance, resource, resource instance (-1: none) and value */
    private static class Leaf {
        int[] id = { -1, -1, -1, -1 };
        CBORObject value;
    }

    private static void flatten(CBORObject node, List<Integer> ids, List<Leaf> out) throws CodecException {
        if (node.getType() != CBORType.Map) {
            Leaf leaf = new Leaf();
            if (ids.size() < 3 || ids.size() > 4)
                throw new CodecException("a value below %s", ids);
            for (int i = 0; i < ids.size(); i++)
                leaf.id[i] = ids.get(i);
            leaf.value = node;
            out.add(leaf);
            return;
        }
        for (CBORObject key : node.getKeys()) {
            List<Integer> below = new ArrayList<>(ids);
            if (key.getType() == CBORType.Array) {
                for (CBORObject id : key.getValues())
                    below.add(id.AsInt32());
            } else {
                below.add(key.AsInt32());
            }
            flatten(node.get(key), below, out);
        }
    }

    private static Object value(CBORObject v, Type type) throws CodecException {
        switch (type) {
        case STRING:
            return v.AsString();
        case OPAQUE:
            return v.GetByteString();
        case BOOLEAN:
            return v.AsBoolean();
        case FLOAT:
            return v.AsDoubleValue();
        case INTEGER:
            return v.AsInt64Value();
        case UNSIGNED_INTEGER:
            return ULong.valueOf(v.AsInt64Value());
        case TIME:
            return new Date(1000 * v.Untag().AsInt64Value());
        case OBJLNK:
            return ObjectLink.decodeFromString(v.AsString());
        case CORELINK:
            try {
                return new DefaultLinkParser().parseCoreLinkFormat(v.AsString().getBytes());
            } catch (org.eclipse.leshan.core.link.LinkParseException e) {
                throw new CodecException(e, "no links: %s", v);
            }
        default:
            throw new CodecException("no type for %s", v);
        }
    }

    private static LwM2mResource resource(List<Leaf> leaves, LwM2mModel model) throws CodecException {
        int rid = leaves.get(0).id[2];
        ResourceModel def = model.getResourceModel(leaves.get(0).id[0], rid);
        Type type = def != null ? def.type : Type.OPAQUE;

        if (leaves.get(0).id[3] < 0)
            return LwM2mSingleResource.newResource(rid, value(leaves.get(0).value, type), type);
        Map<Integer, Object> parts = new TreeMap<>();
        for (Leaf leaf : leaves)
            parts.put(leaf.id[3], value(leaf.value, type));
        return LwM2mMultipleResource.newResource(rid, parts, type);
    }

    /** The leaves by one of their identifiers. */
    private static Collection<List<Leaf>> by(int level, List<Leaf> leaves) {
        Map<Integer, List<Leaf>> groups = new TreeMap<>();
        for (Leaf leaf : leaves)
            groups.computeIfAbsent(leaf.id[level], id -> new ArrayList<>()).add(leaf);
        return groups.values();
    }

    private static LwM2mObjectInstance instance(List<Leaf> leaves, LwM2mModel model) throws CodecException {
        List<LwM2mResource> resources = new ArrayList<>();
        for (List<Leaf> one : by(2, leaves))
            resources.add(resource(one, model));
        return new LwM2mObjectInstance(leaves.get(0).id[1], resources);
    }

    private static List<Leaf> leaves(byte[] content) throws CodecException {
        List<Leaf> leaves = new ArrayList<>();
        try {
            flatten(CBORObject.DecodeFromBytes(content), new ArrayList<>(), leaves);
        } catch (RuntimeException e) {
            throw new CodecException(e, "no LwM2M CBOR");
        }
        return leaves;
    }

    @Override
    public Map<LwM2mPath, LwM2mNode> decodeNodes(byte[] content, String rootPath, List<LwM2mPath> paths,
            LwM2mModel model) throws CodecException {
        Map<LwM2mPath, LwM2mNode> nodes = new HashMap<>();
        for (List<Leaf> object : by(0, leaves(content)))
            for (List<Leaf> one : by(1, object))
                nodes.put(new LwM2mPath(one.get(0).id[0], one.get(0).id[1]), instance(one, model));
        return nodes;
    }

    @Override
    public <T extends LwM2mNode> T decode(byte[] content, String rootPath, LwM2mPath path, LwM2mModel model,
            Class<T> nodeClass) throws CodecException {
        List<Leaf> leaves = leaves(content);
        for (Leaf leaf : leaves)
            if (leaf.id[0] != path.getObjectId() || path.getObjectInstanceId() != null
                    && leaf.id[1] != path.getObjectInstanceId() || path.getResourceId() != null
                            && leaf.id[2] != path.getResourceId())
                throw new CodecException("content beside %s", path);
        if (nodeClass == LwM2mObject.class) {
            List<LwM2mObjectInstance> instances = new ArrayList<>();
            for (List<Leaf> one : by(1, leaves))
                instances.add(instance(one, model));
            return nodeClass.cast(new LwM2mObject(path.getObjectId(), instances));
        }
        if (leaves.isEmpty())
            throw new CodecException("nothing for %s", path);
        return nodeClass.cast(nodeClass == LwM2mObjectInstance.class ? instance(leaves, model) : resource(leaves, model));
    }
}
