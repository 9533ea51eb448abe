// What Divolte 0.9.0 makes of a mapping, with the very libraries that it has: Groovy (2.5.23, which its Java needs),
// Jayway JsonPath, Jackson, Guava, Avro, Undertow's cookies, MaxMind's reader, Typesafe's configuration, java.net.URI.
// Only the glue between them is written anew here, by what the documentation and the recorded vectors say of it.
// Reads one JSON request from each line of its input and writes one JSON answer for each.
import com.fasterxml.jackson.databind.DeserializationFeature
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.google.common.primitives.Doubles
import com.google.common.primitives.Floats
import com.google.common.primitives.Ints
import com.google.common.primitives.Longs
import com.jayway.jsonpath.Configuration
import com.jayway.jsonpath.JsonPath
import com.jayway.jsonpath.Option
import com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider
import com.maxmind.geoip2.DatabaseReader
import com.typesafe.config.ConfigFactory
import com.typesafe.config.ConfigRenderOptions
import io.undertow.util.Cookies
import java.util.regex.Pattern
import org.apache.avro.Schema
import org.apache.avro.generic.GenericDatumWriter
import org.apache.avro.generic.GenericRecordBuilder
import org.apache.avro.io.EncoderFactory
import org.codehaus.groovy.control.CompilerConfiguration

class Json {
    static final MAPPER = new ObjectMapper()
    static final TREES = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
    static final READER = MAPPER.reader()
        .with(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY, DeserializationFeature.UNWRAP_SINGLE_VALUE_ARRAYS)
        .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
    static final PATHS = Configuration.builder().options(Option.SUPPRESS_EXCEPTIONS)
        .jsonProvider(new JacksonJsonNodeJsonProvider()).build()
    static final CLASSES = [STRING: String, INT: Integer, LONG: Long, FLOAT: Float, DOUBLE: Double, BOOLEAN: Boolean]

    static Object read(parser, Schema schema) {
        switch (schema.type) {
            case Schema.Type.UNION:
                return read(parser, schema.types.find { it.type != Schema.Type.NULL })
            case Schema.Type.ARRAY:
                if (!parser.isExpectedStartArrayToken()) return [read(parser, schema.elementType)]
                def found = []
                while (parser.nextToken().name() != 'END_ARRAY') found << read(parser, schema.elementType)
                return found
            default:
                return READER.readValue(parser, CLASSES[schema.type.name()])
        }
    }
}

// A value of one event; absent is null. The kind is its Java type, LIST of texts, JSON, or OBJECT that no field holds.
class Producer {
    String kind
    Closure get

    Producer(String kind, Closure get) { this.kind = kind; this.get = get }

    def of(event) { get.call(event) }

    def then(String kind, Closure change) {
        new Producer(kind, { event -> def value = this.of(event); value == null ? null : change(value) })
    }

    Producer isPresent() { new Producer('BOOLEAN', { this.of(it) != null }) }
    Producer isAbsent() { new Producer('BOOLEAN', { this.of(it) == null }) }

    Producer equalTo(other) {
        new Producer('BOOLEAN', {
            def right = other instanceof Producer ? other.of(it) : other
            def left = this.of(it)
            left == null || right == null ? left == null && right == null : left.equals(right)
        })
    }

    Producer and(Producer other) { both(other) { a, b -> a && b } }
    Producer or(Producer other) { both(other) { a, b -> a || b } }
    Producer negate() { need('BOOLEAN'); then('BOOLEAN') { !it } }

    private both(Producer other, Closure join) {
        need('BOOLEAN'); other.need('BOOLEAN')
        new Producer('BOOLEAN', {
            def (a, b) = [this.of(it), other.of(it)]
            a == null || b == null ? null : join(a, b)
        })
    }

    void need(String wanted) { if (kind != wanted) throw new MissingMethodException("not of $wanted", Producer) }
}

class Parameters extends Producer {
    Parameters() { super('JSON', { it.parameters == null ? null : (it.doubles ? Json.MAPPER : Json.TREES).readTree(it.parameters) }) }
    Producer value(String name) { then('STRING') { it.path(name).asText() } }
    Producer path(String text) {
        def path = JsonPath.compile(text)
        then('JSON') { path.read(it, Json.PATHS) }
    }
}

class Header extends Producer {
    Header(String name) {
        super('LIST', { event ->
            def lines = event.headers.findAll { it[0].equalsIgnoreCase(name) }
            lines.empty ? null : lines.collectMany { elements(it[1]) }
        })
    }
    Producer first() { then('STRING') { it ? it[0] : null } }
    Producer last() { then('STRING') { it ? it[-1] : null } }
    Producer get(int at) {
        then('STRING') { def place = at < 0 ? it.size() + at : at; place in 0..<it.size() ? it[place] : null }
    }
    Producer commaSeparated() { then('STRING') { it.join(',') } }

    static List<String> elements(String line) {
        def found = [], now = new StringBuilder()
        boolean blank = false
        for (int at = 0; at < line.length(); at++) {
            char c = line.charAt(at)
            if (c == ',' as char) {
                if (now.length()) found << now.toString()
                now = new StringBuilder()
                blank = false
            } else if (c == ' ' as char || c == '\t' as char) {
                // Blanks before the element are skipped; each piece after a blank inside it gets one.
                blank = blank || now.length() > 0 || at > 0 && line.charAt(at - 1) == '"' as char
            } else if (c == '"' as char) {
                if (blank) now.append(' ')
                for (at++; at < line.length() && line.charAt(at) != '"' as char; at++) {
                    if (line.charAt(at) == '\\' as char) at++
                    if (at < line.length()) now.append(line.charAt(at))
                }
            } else {
                if (blank) now.append(' ')
                while (at < line.length() && !(line.charAt(at) in [',', '"', ' ', '\t'].collect { it as char })) {
                    now.append(line.charAt(at++))
                }
                at--
            }
        }
        if (now.length()) found << now.toString()
        found
    }
}

class Query extends Producer {
    Query(Producer text) { super('OBJECT', { event -> def raw = text.of(event); raw == null ? null : values(raw) }) }
    Producer value(String name) { then('STRING') { it[name]?.get(0) } }
    Producer valueList(String name) { then('LIST') { it[name] } }

    static values(String raw) {
        raw.split('&', -1).toList().inject([:]) { found, part ->
            def cut = part.indexOf('=')
            def (name, value) = cut < 0 ? [part, ''] : [part.substring(0, cut), part.substring(cut + 1)]
            found.computeIfAbsent(URLDecoder.decode(name, 'UTF-8')) { [] } << URLDecoder.decode(value, 'UTF-8')
            found
        }
    }
}

class Address extends Producer {
    Address(Producer text) {
        super('OBJECT', { event ->
            def found = text.of(event)
            try { found == null ? null : new URI(found) } catch (URISyntaxException ignored) { null }
        })
    }
    Producer scheme() { then('STRING') { it.scheme } }
    Producer host() { then('STRING') { it.host } }
    Producer port() { then('INT') { it.port == -1 ? null : it.port } }
    Producer path() { then('STRING') { it.path } }
    Producer rawPath() { then('STRING') { it.rawPath } }
    Producer decodedQueryString() { then('STRING') { it.query } }
    Producer rawQueryString() { then('STRING') { it.rawQuery } }
    Producer decodedFragment() { then('STRING') { it.fragment } }
    Producer rawFragment() { then('STRING') { it.rawFragment } }
    Query query() { new Query(rawQueryString()) }
}

class Matched extends Producer {
    Matched(String regex, Producer text) {
        super('OBJECT', { def found = text.of(it); found == null ? null : Pattern.compile(regex).matcher(found) })
    }
    Producer matches() { then('BOOLEAN') { it.matches() } }
    Producer group(int number) { then('STRING') { it.matches() ? it.group(number) : null } }
    Producer group(String name) { then('STRING') { it.matches() ? it.group(name) : null } }
}

class Place extends Producer {
    Place(DatabaseReader reader, Closure address) {
        super('OBJECT', { def found = address.call(it); found == null ? null : reader.city(found) })
        def lookUp = get
        get = { try { lookUp.call(it) } catch (com.maxmind.geoip2.exception.AddressNotFoundException ignored) { null } }
    }
    static final TEXTS = [
        cityName: { it.city.name }, continentCode: { it.continent.code }, continentName: { it.continent.name },
        countryCode: { it.country.isoCode }, countryName: { it.country.name }, timeZone: { it.location.timeZone },
        mostSpecificSubdivisionCode: { it.mostSpecificSubdivision.isoCode }, postalCode: { it.postal.code },
        mostSpecificSubdivisionName: { it.mostSpecificSubdivision.name },
        registeredCountryCode: { it.registeredCountry.isoCode }, registeredCountryName: { it.registeredCountry.name },
        representedCountryCode: { it.representedCountry.isoCode },
        representedCountryName: { it.representedCountry.name },
    ]
    static final INTS = [
        cityId: { it.city.geoNameId }, continentId: { it.continent.geoNameId }, countryId: { it.country.geoNameId },
        metroCode: { it.location.metroCode }, mostSpecificSubdivisionId: { it.mostSpecificSubdivision.geoNameId },
        registeredCountryId: { it.registeredCountry.geoNameId },
        representedCountryId: { it.representedCountry.geoNameId },
    ]
    static final DOUBLES = [latitude: { it.location.latitude }, longitude: { it.location.longitude }]
    static final LISTS = [
        subdivisionCodes: { it.subdivisions*.isoCode }, subdivisionNames: { it.subdivisions*.name },
    ]
}

class Agent extends Producer {
    Agent() { super('OBJECT', { it.userAgentString }) }
    static final NAMES = 'name family vendor type version deviceCategory osFamily osVersion osVendor'.split()
}

// What `mapping { }` may call: producers, and statements that become actions.
class Dsl {
    static final SIMPLE = [
        location: 'STRING', referer: 'STRING', eventType: 'STRING', firstInSession: 'BOOLEAN', corrupt: 'BOOLEAN',
        duplicate: 'BOOLEAN', timestamp: 'LONG', clientTimestamp: 'LONG', remoteHost: 'STRING',
        viewportPixelWidth: 'INT', viewportPixelHeight: 'INT', screenPixelWidth: 'INT', screenPixelHeight: 'INT',
        devicePixelRatio: 'INT', partyId: 'STRING', sessionId: 'STRING', pageViewId: 'STRING', eventId: 'STRING',
        userAgentString: 'STRING',
    ]
    static final LITERALS = [(String): 'STRING', (Integer): 'INT', (Long): 'LONG', (Float): 'FLOAT',
                             (Double): 'DOUBLE', (Boolean): 'BOOLEAN']
    Schema schema
    DatabaseReader cities
    List stack = [[]]

    def section(Closure body) { body() }
    def eventParameters() { new Parameters() }
    def eventParameter(String name) { new Parameters().value(name) }
    def userAgent() { new Agent() }
    def header(String name) { new Header(name) }
    def cookie(String name) {
        new Producer('STRING', { event ->
            def lines = event.headers.findAll { it[0].equalsIgnoreCase('Cookie') }*.get(1)
            Cookies.parseRequestCookies(200, false, lines).get(name)?.value
        })
    }
    def ip2geo() { place { InetAddress.getByName(it.remoteHost) } }
    def ip2geo(Producer text) {
        text.need('STRING')
        place {
            def parts = (text.of(it) ?: '').split('\\.').findAll { part -> part }
            def numbers = parts.collect { part -> try { Integer.parseInt(part) } catch (NumberFormatException e) { -1 } }
            if (numbers.size() != 4 || numbers.any { n -> !(n in 0..255) }) return null
            InetAddress.getByAddress(numbers.collect { n -> (byte) n } as byte[])
        }
    }
    private place(Closure address) {
        if (cities == null) throw new IllegalStateException('the ip2geo lookup database is not configured')
        new Place(cities, address)
    }
}

abstract class MappingScript extends Script {
    def mapping(Closure body) { body.delegate = binding.dsl; body() }
    def not(Producer producer) { producer.negate() }
    def match(String regex) { [against: { Producer text -> text.need('STRING'); new Matched(regex, text) }] }
    def parse(Producer text) {
        text.need('STRING')
        [to: { it == 'uri' ? new Address(text) : text.then(PARSED[it][0], PARSED[it][1]) }]
    }
    static final PARSED = [
        int32: ['INT', { Ints.tryParse(it) }], int64: ['LONG', { Longs.tryParse(it) }],
        fp32: ['FLOAT', { Floats.tryParse(it) }], fp64: ['DOUBLE', { Doubles.tryParse(it) }],
        bool: ['BOOLEAN', { Boolean.parseBoolean(it) }],
    ]
    def getInt32() { 'int32' }
    def getInt64() { 'int64' }
    def getFp32() { 'fp32' }
    def getFp64() { 'fp64' }
    def getBool() { 'bool' }
    def getUri() { 'uri' }

    def map(what) {
        def dsl = binding.dsl
        def producer = what instanceof Closure ? what() : what
        [onto: { String name ->
            def field = dsl.schema.getField(name)
            if (field == null) throw new IllegalArgumentException("Field $name does not exist in Avro schema")
            def held = field.schema().type.name() == 'UNION'
                ? field.schema().types.find { it.type != Schema.Type.NULL } : field.schema()
            def given = producer instanceof Producer ? producer.kind : Dsl.LITERALS[producer.getClass()]
            def fits = given == 'JSON' || given == held.type.name() || given == 'LIST' && held.type.name() == 'ARRAY'
            if (!fits) throw new IllegalArgumentException("Cannot map $given onto field $name of type ${held.type}")
            dsl.stack.last() << { event, record ->
                def value = producer instanceof Producer ? producer.of(event) : producer
                if (given == 'JSON' && value != null) value = converted(value, field.schema())
                if (value != null) record.set(field, value)
            }
        }]
    }

    static converted(JsonNode value, Schema schema) {
        def parser = value.traverse()
        parser.nextToken()
        try { Json.read(parser, schema) } catch (IOException ignored) { null }
    }

    def when(Producer condition) {
        condition.need('BOOLEAN')
        def dsl = binding.dsl
        [apply: { Closure body ->
            dsl.stack << []
            body()
            def actions = dsl.stack.pop_last()
            dsl.stack.last() << { event, record -> if (condition.of(event)) actions.each { it(event, record) } }
        }]
    }
}
[STRING: Place.TEXTS, INT: Place.INTS, DOUBLE: Place.DOUBLES, LIST: Place.LISTS].each { kind, calls ->
    calls.each { name, part -> Place.metaClass[name] = { -> delegate.then(kind, part) } }
}
Agent.NAMES.each { name -> Agent.metaClass[name] = { -> delegate.then('STRING') { 'unknown' } } }
Dsl.SIMPLE.each { name, kind ->
    Dsl.metaClass[name] = { -> new Producer(kind, { def value = it[name]; kind == 'LONG' ? (value as Long) : value }) }
}
List.metaClass.pop_last = { -> delegate.remove(delegate.size() - 1) }

def script(String text, Map binding, Class base) {
    def settings = new CompilerConfiguration()
    settings.scriptBaseClass = base.name
    new GroovyShell(this.class.classLoader, new Binding(binding), settings).evaluate(text)
}

def mapped(request) {
    def schema = new Schema.Parser().parse(request.schema)
    def cities = request.geo ? new DatabaseReader.Builder(new File(request.geo)).build() : null
    def dsl = new Dsl(schema: schema, cities: cities)
    script(request.mapping, [dsl: dsl], MappingScript)
    [records: request.events.collect { event ->
        def record = new GenericRecordBuilder(schema)
        dsl.stack[0].each { it(event, record) }
        def out = new ByteArrayOutputStream()
        def encoder = EncoderFactory.get().directBinaryEncoder(out, null)
        new GenericDatumWriter(schema).write(record.build(), encoder)
        encoder.flush()
        out.toByteArray().encodeHex().toString()
    }]
}

def parts(String text) {
    try {
        def uri = new URI(text)
        [uri.scheme, uri.host, uri.port, uri.rawPath, uri.rawQuery, uri.rawFragment, uri.path, uri.query, uri.fragment]
    } catch (URISyntaxException ignored) {
        null
    }
}

def groups(String regex, String text) {
    def found = Pattern.compile(regex).matcher(text)
    found.matches() ? (0..found.groupCount()).collect { found.group(it) } : null
}

def answer(request) {
    switch (request.op) {
        case 'map': return mapped(request)
        case 'uri': return [parts: request.texts.collect { parts(it) }]
        case 'path': return [found: request.pairs.collect {
            JsonPath.compile(it[0]).read(Json.TREES.readTree(it[1]), Json.PATHS)?.toString()
        }]
        case 'regex': return [groups: request.pairs.collect { groups(it[0], it[1]) }]
        case 'literal':
            return [values: request.texts.collect { def value = script(it, [:], Script); [value.getClass().name, value.toString()] }]
        case 'conf':
            def found = ConfigFactory.parseString(request.text).resolve().root()
            return [conf: found.render(ConfigRenderOptions.concise())]
    }
}

def out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, 'UTF-8')
System.setOut(System.err)
new InputStreamReader(System.in, 'UTF-8').eachLine { line ->
    def found
    try {
        found = answer(Json.MAPPER.readValue(line, Map))
    } catch (Throwable error) {
        error.printStackTrace()
        found = [error: "${error.class.simpleName}: ${error.message}".toString()]
    }
    out.println(Json.MAPPER.writeValueAsString(found))
}
