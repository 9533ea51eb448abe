// What Java's Avro makes of each line `name TAB writer TAB reader TAB body in hex` of standard input: what it reads, and
// what its compatibility checker says. Run by measure.py.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;

public class Resolve {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", -1);
            System.out.println(parts[0] + "\t" + read(parts[1], parts[2], parts[3]) + "\t" + checked(parts[1], parts[2]));
        }
    }

    private static String read(String writer, String reader, String body) {
        try {
            var one = new Schema.Parser().parse(writer);
            var other = new Schema.Parser().parse(reader);
            var decoder = DecoderFactory.get().binaryDecoder(HexFormat.of().parseHex(body), null);
            return new GenericDatumReader<Object>(one, other).read(null, decoder).toString();
        } catch (Exception error) {
            return error instanceof org.apache.avro.SchemaParseException || error.getMessage().startsWith("Invalid default")
                ? "refused" : "fails";
        }
    }

    private static String checked(String writer, String reader) {
        var one = new Schema.Parser().setValidateDefaults(false).parse(writer);
        var other = new Schema.Parser().setValidateDefaults(false).parse(reader);
        return SchemaCompatibility.checkReaderWriterCompatibility(other, one).getType().toString().toLowerCase();
    }
}
