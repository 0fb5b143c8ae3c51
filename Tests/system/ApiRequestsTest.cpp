#include "RunningApi.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace connector::test {

namespace {

constexpr const char* kNobody = "2ae8ff72-7447-47de-a4ec-123eb214d63e";

/// A "maxconnections" with this text as its value.
std::string publicWith(const std::string& maxConnections, const std::string& threshold = "0") {
    return R"({"type":"public","maxconnections":)" + maxConnections + R"(,"heartbeatabsencethreshold":)" +
           threshold + "}";
}

/// Sends these bytes to the API and reads what comes back until the connection ends.
std::string exchange(const ConnectorProcess& connector, std::uint16_t port, const std::string& request) {
    auto client = connector.connect(port);
    client.send(request);
    return client.readToEnd();
}

/// The answer in a raw exchange. The last one when there are several.
ApiAnswer parseRaw(const std::string& raw) {
    ApiAnswer answer;
    const auto head = raw.find("\r\n\r\n");
    if (!raw.starts_with("HTTP/1.") || head == std::string::npos)
        throw std::runtime_error("no HTTP answer: \"" + raw + "\"");
    answer.status = std::stoi(raw.substr(9, 3));
    std::istringstream headers(raw.substr(raw.find("\r\n") + 2, head - raw.find("\r\n")));
    Poco::Net::MessageHeader parsed;
    parsed.read(headers);
    answer.headers = parsed;
    answer.text = raw.substr(head + 4);
    return answer;
}

/// A body that must be refused, and a word that the message must hold: the field's name, most of the time.
struct BadBody {
    std::string body;
    std::string mentions;
};
std::ostream& operator<<(std::ostream& out, const BadBody& bad) {
    return out << bad.body.substr(0, 100);
}

std::string form(const std::string& json) {
    return "mapping=" + urlEncoded(json);
}

const std::vector<BadBody> kBadAdds{
    {"", ""},
    {"mapping=", ""},
    {"mapping", ""},
    {"another=field", "mapping"},
    {form("null"), ""},
    {form("[]"), ""},
    {form("\"public\""), ""},
    {form("{}"), "type"},
    {form("{"), ""},
    {form(kControllerPublic.substr(0, 40)), ""},
    {form(kControllerPublic + "x"), ""},
    {form(kControllerPublic + kControllerPublic), ""},
    {form(R"({"type":"publik","maxconnections":1,"heartbeatabsencethreshold":0})"), "publik"},
    {form(R"({"type":null,"maxconnections":1,"heartbeatabsencethreshold":0})"), "type"},
    {form(R"({"type":1,"maxconnections":1,"heartbeatabsencethreshold":0})"), "type"},
    {form(R"({"type":["public"],"maxconnections":1,"heartbeatabsencethreshold":0})"), "type"},
    {form(R"({"type":"public","heartbeatabsencethreshold":0})"), "maxconnections"},
    {form(R"({"type":"public","maxconnections":1})"), "heartbeatabsencethreshold"},
    {form(publicWith("0")), "maxconnections"},
    {form(publicWith("10001")), "10001"},
    {form(publicWith("-1")), "-1"},
    {form(publicWith("1.5")), "1.5"},
    {form(publicWith("1e2")), "maxconnections"},
    {form(publicWith("\"60\"")), "60"},
    {form(publicWith("null")), "maxconnections"},
    {form(publicWith("true")), "maxconnections"},
    {form(publicWith("[60]")), "maxconnections"},
    {form(publicWith("{}")), "maxconnections"},
    {form(publicWith("99999999999999999999")), "maxconnections"},
    {form(publicWith("18446744073709551617")), "maxconnections"},
    {form(publicWith("NaN")), ""},
    {form(publicWith("1", "-1")), "heartbeatabsencethreshold"},
    {form(publicWith("1", "2147483648")), "2147483648"},
    {form(publicWith("1", "0.5")), "heartbeatabsencethreshold"},
    {form(publicWith("1", "\"0\"")), "heartbeatabsencethreshold"},
    {form(publicWith("1", "null")), "heartbeatabsencethreshold"},
    {form(R"({"type":"public","maxconnections":1,"maxconnections":2,"heartbeatabsencethreshold":0})"),
     "maxconnections"},
    {form(R"({"type":"public","type":"private","maxconnections":1,"heartbeatabsencethreshold":0})"), "type"},
    {form(R"({"type":"public","maxconnectionsport1":1,"maxconnectionsport2":1,)"
          R"("heartbeatabsencethresholdport1":0,"heartbeatabsencethresholdport2":0})"),
     "maxconnections"},
    {form(R"({"type":"private","maxconnections":1,"heartbeatabsencethreshold":0})"), "maxconnectionsport1"},
    {form(R"({"type":"private","maxconnectionsport1":1,"maxconnectionsport2":0,)"
          R"("heartbeatabsencethresholdport1":0,"heartbeatabsencethresholdport2":0})"),
     "maxconnectionsport2"},
    {form(R"({"type":"private","maxconnectionsport1":1,"maxconnectionsport2":1,)"
          R"("heartbeatabsencethresholdport1":0,"heartbeatabsencethresholdport2":"0"})"),
     "heartbeatabsencethresholdport2"},
    {form(std::string(1000, '[') + std::string(1000, ']')), ""},
    {form(publicWith(std::string(1000, '[') + std::string(1000, ']'))), ""},
    {"mapping=%7B%22a%22:" + std::string(1000, '{'), ""},
    {"mapping=" + urlEncoded(R"({"type":"pub)") + "%00" + urlEncoded(R"(lic"})"), ""},
    {std::string("mapping={\"type\":\"pub\0lic\"}", 25), ""},
    {"mapping=%FF%FE", ""},
    {"mapping=" + urlEncoded(R"({"type":")") + "%C3%28" + urlEncoded("\"}"), ""},
    {"mapping={\"type\":\"\xC3\x28\"}", ""},
    {"mapping=" + urlEncoded(kControllerPublic) + "%", ""},
    {"mapping=" + urlEncoded(kControllerPublic) + "%7", ""},
    {"mapping=%ZZ" + urlEncoded(kControllerPublic), ""},
    {form(kControllerPublic) + "&" + form(kControllerPublic), "mapping"},
};

const std::vector<BadBody> kBadRemoves{
    {"", "mappingid"},          {"mappingid=", "mappingid"},
    {"mappingid", "mappingid"}, {"another=field", "mappingid"},
    {"mappingid=%00", ""},      {"mappingid=%FF", ""},
    {"mappingid=%", ""},        {std::string("mappingid=") + kNobody + "&mappingid=" + kNobody, "mappingid"},
};

/// Whether a request is answered with an error that does not say it was the server's fault.
bool isRefused(const ApiAnswer& answer, const std::string& mentions) {
    return answer.isError(400) && answer.field("errormessage").find(mentions) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ApiRequests)

BOOST_FIXTURE_TEST_CASE(BodiesOfTheControllerAreTaken, Running) {
    for (const auto& json : {kControllerPublic, kControllerPrivate}) {
        auto withPlus = urlEncoded(json);
        withPlus = std::regex_replace(withPlus, std::regex("%20"), "+");
        BOOST_TEST(api.post(kAdd, "mapping=" + urlEncoded(json)).status == 200, "percent-encoded " << json);
        BOOST_TEST(api.post(kAdd, "mapping=" + withPlus).status == 200, "with + for spaces " << json);
        BOOST_TEST(api.post(kAdd, "mapping=" + json).status == 200, "as curl -d sends it " << json);
        BOOST_TEST(api.post(kAdd, json).status == 200, "bare JSON in a form, as the document shows " << json);
        BOOST_TEST(api.post(kAdd, json, kJson).status == 200, "JSON " << json);
        BOOST_TEST(api.post(kAdd, json, "application/json; charset=utf-8").status == 200,
                   "with charset " << json);
    }
    BOOST_TEST(api.listIds().size() == 12);
}

BOOST_FIXTURE_TEST_CASE(FormContentTypeMayHaveACharset, Running) {
    const auto added = parseAdded(
        api.post(kAdd, form(kControllerPublic), "application/x-www-form-urlencoded; charset=UTF-8"));
    BOOST_TEST(api.post(kRemove, "mappingid=" + added.id, "Application/X-WWW-Form-Urlencoded").status == 200);
}

BOOST_FIXTURE_TEST_CASE(LimitsOfTheFieldsAreTaken, Running) {
    for (const auto& json : {publicWith("1", "0"), publicWith("10000", "2147483647")}) {
        const auto answer = api.tryAdd(json);
        BOOST_TEST(answer.status == 200, json << " gave " << answer);
    }
}

BOOST_FIXTURE_TEST_CASE(BadAddsAreRefused, Running) {
    for (const auto& bad : kBadAdds) {
        const auto answer = api.post(kAdd, bad.body);
        BOOST_TEST(isRefused(answer, bad.mentions), bad << " gave " << answer);
    }
    BOOST_TEST(api.listIds().empty());
}

BOOST_FIXTURE_TEST_CASE(BadRemovesAreRefused, Running) {
    const auto added = api.addPublic();
    for (const auto& bad : kBadRemoves) {
        const auto answer = api.post(kRemove, bad.body);
        BOOST_TEST(isRefused(answer, bad.mentions), bad << " gave " << answer);
    }
    BOOST_TEST(api.listIds().contains(added.id));
}

BOOST_FIXTURE_TEST_CASE(BadJsonIsRefusedWithEitherContentType, Running) {
    for (const auto& type : {kJson, ApiClient::kForm}) {
        for (const auto& json : {publicWith("0"), publicWith("\"1\""), std::string("{"), std::string("[]")}) {
            const auto answer = api.post(kAdd, json, type);
            BOOST_TEST(answer.isError(400), type << " " << json << " gave " << answer);
        }
    }
}

/// Whatever the bytes are, it is never the server's fault.
BOOST_FIXTURE_TEST_CASE(RandomBodiesAreNeverAServerError, Running) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        auto body = round % 2 == 0 ? kControllerPrivate : form(kControllerPublic);
        for (auto changes = 1 + random() % 4; changes > 0; --changes)
            body[random() % body.size()] = static_cast<char>(random() % 256);
        if (round % 5 == 0) body.resize(random() % body.size());
        const auto answer = api.post(kAdd, body, round % 3 == 0 ? kJson : ApiClient::kForm);
        BOOST_TEST((answer.status == 200 || answer.isError(400)), body << " gave " << answer);
        if (answer.status == 200) api.remove(answer.field("id"));
    }
}

BOOST_FIXTURE_TEST_CASE(BodyCutShortIsRefused, Running) {
    auto client = connector.connect(setup.apiPort());
    client.send("POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 1000\r\n\r\n" +
                kControllerPublic);
    client.finishSending();
    const auto answer = parseRaw(client.readToEnd());
    BOOST_TEST(answer.isError(400), answer);
    BOOST_TEST(api.listIds().empty());
}

BOOST_FIXTURE_TEST_CASE(ChunkedBodyIsTaken, Running) {
    const std::string size = (std::ostringstream() << std::hex << kControllerPublic.size()).str();
    const auto answer =
        parseRaw(exchange(connector, setup.apiPort(),
                          "POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                          "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
                              size + "\r\n" + kControllerPublic + "\r\n0\r\n\r\n"));
    BOOST_TEST(answer.status == 200, answer);
}

BOOST_FIXTURE_TEST_CASE(BodyOver64KiBIs413, Running) {
    const auto answer = api.post(kAdd, kControllerPublic + std::string(65537, ' '), kJson);
    BOOST_TEST(answer.isError(413), answer);
    const auto fits = kControllerPublic + std::string(65536 - kControllerPublic.size(), ' ');
    BOOST_TEST(api.post(kAdd, fits, kJson).status == 200);
}

BOOST_FIXTURE_TEST_CASE(ChunkedBodyOver64KiBIs413, Running) {
    auto client = connector.connect(setup.apiPort());
    client.send("POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.sendSome("20000\r\n" + std::string(0x20000, ' ') + "\r\n0\r\n\r\n");
    const auto answer = parseRaw(client.readToEnd());
    BOOST_TEST(answer.isError(413), answer);
}

BOOST_FIXTURE_TEST_CASE(OtherContentTypesAre415, Running) {
    for (const auto& type :
         {"text/xml", "text/plain", "multipart/form-data; boundary=x", "application/jsonp"}) {
        const auto answer = api.post(kAdd, kControllerPublic, type);
        BOOST_TEST(answer.isError(415), type << " gave " << answer);
    }
}

BOOST_FIXTURE_TEST_CASE(UnknownThingsAre404, Running) {
    for (const auto* path :
         {"//", "/index.html", "/connector", "/api", "/api/v2", "/api/v2/mapping/", "/api/v2/mappings",
          "/api/v1/mapping", "/api/v2/mapping/add/more", "/health/", "/..%2f..%2fetc/passwd"}) {
        const auto answer = api.get(path);
        BOOST_TEST(answer.isError(404), path << " gave " << answer);
    }
    BOOST_TEST(api.get(std::string("/api/v2/mapping/") + kNobody).isError(404));
    BOOST_TEST(api.tryRemove(kNobody).isError(404));
    BOOST_TEST(api.post(kStatus, std::string("mappingid=") + kNobody).isError(404));
}

BOOST_FIXTURE_TEST_CASE(WrongMethodsAre405WithAllow, Running) {
    const auto shown = std::string(kMapping) + "/" + api.addPublic().id;
    const std::vector<std::array<std::string, 3>> wrong{
        {"GET", kAdd, "POST"},    {"PUT", kAdd, "POST"},     {"DELETE", kRemove, "POST"},
        {"GET", kRemove, "POST"}, {"POST", kMapping, "GET"}, {"DELETE", shown, "GET"},
        {"POST", shown, "GET"},   {"POST", kHealth, "GET"},  {"PUT", kStatus, "GET"},
        {"PUT", kStatus, "POST"}, {"PATCH", kAdd, "POST"},
    };
    for (const auto& [method, path, allowed] : wrong) {
        const auto answer = api.request(method, path);
        BOOST_TEST(answer.isError(405), method << " " << path << " gave " << answer);
        BOOST_TEST(answer.headers.get("Allow", "").find(allowed) != std::string::npos, method << " " << path);
    }
}

BOOST_DATA_TEST_CASE(OneConnectionServesManyRequests, kModes, mode) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    auto client = connector.connect(setup.apiPort());
    for (int number = 0; number < 5; ++number) {
        client.send("GET /api/v2/mapping HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const auto answer = client.readThrough("\r\n\r\n");
        BOOST_TEST_REQUIRE(answer.starts_with("HTTP/1.1 200"), answer);
        BOOST_TEST(client.readThrough("}").find("mappings") != std::string::npos);
    }
}

BOOST_FIXTURE_TEST_CASE(MalformedHttpIsAnsweredInJson, Running) {
    const std::string longHeader = "X: " + std::string(100000, 'x') + "\r\n";
    for (const auto& request : {
             std::string("GARBAGE\r\n\r\n"),
             std::string("GET\r\n\r\n"),
             std::string("GET /health\r\n\r\n"),
             std::string("GET /health HTTP/1.1\r\nno colon here\r\n\r\n"),
             std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
             "GET /health HTTP/1.1\r\n" + longHeader + "\r\n",
             "GET /" + std::string(100000, 'x') + " HTTP/1.1\r\n\r\n",
             std::string(
                 "POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "Content-Length: many\r\n\r\n"),
             std::string(
                 "POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "Content-Length: -5\r\n\r\n"),
         }) {
        auto client = connector.connect(setup.apiPort());
        client.sendSome(request);
        client.finishSending();
        const auto answer = parseRaw(client.readToEnd());
        BOOST_TEST(answer.status / 100 == 4, request.substr(0, 80) << " gave " << answer);
        BOOST_TEST(answer.isError(answer.status), request.substr(0, 80) << " gave " << answer);
    }
    BOOST_TEST(api.get(kHealth).status == 200);
}

/// Nor whatever surrounds the body.
BOOST_FIXTURE_TEST_CASE(RandomRequestsAreNeverAServerError, Running) {
    const std::vector<std::string> requests{
        "GET /api/v2/mapping?limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "POST /api/v2/status HTTP/1.1\r\nHost: localhost\r\nX: =?utf-8?b?!!!?=\r\nContent-Length: "
        "13\r\n\r\nmappingid=all",
        "POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nTransfer-Encoding: "
        "chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n\r\n",
        "PATCH /api/v2/mapping/x%00 HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: "
        "2\r\n\r\n{}",
    };
    std::mt19937 random(2);
    for (int round = 0; round < 500; ++round) {
        auto request = requests[random() % requests.size()];
        for (auto changes = 1 + random() % 4; changes > 0; --changes) {
            const auto at = random() % request.size();
            if (random() % 2 == 0)
                request[at] = static_cast<char>(random() % 256);
            else
                request.insert(at, requests[random() % requests.size()].substr(0, random() % 40));
        }
        auto client = connector.connect(setup.apiPort());
        client.send(request);
        client.finishSending();
        const auto answer = client.readToEnd();
        BOOST_TEST(!answer.empty(), request << " gave no answer");
        BOOST_TEST(!std::regex_search(answer, std::regex("HTTP/1\\.[01] 5")), request << " gave " << answer);
    }
    BOOST_TEST(api.get(kHealth).status == 200);
}

BOOST_DATA_TEST_CASE(SlowRequestsAreEnded, kModes, mode) {
    ConnectorSetup setup(mode);
    setup.set("limits.request-time", 1000);
    const ConnectorProcess connector(setup);
    const std::string request = "POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    auto client = connector.connect(setup.apiPort());
    client.send(request);
    waitUntil("the connection is closed, though a byte comes now and then", [&] {
        try {
            client.send("x");
            return !client.isQuiet();
        } catch (const ConnectionLost&) {
            return true;
        }
    });
}

BOOST_DATA_TEST_CASE(SilentApiConnectionsAreEnded, kModes, mode) {
    ConnectorSetup setup(mode);
    setup.set("limits.request-time", 500);
    const ConnectorProcess connector(setup);
    PipeClient silent(Poco::Net::SocketAddress("127.0.0.1", setup.apiPort()));
    silent.readToEnd();
    BOOST_TEST(connector.api().get(kHealth).status == 200);
}

BOOST_DATA_TEST_CASE(ConnectionsThatAreKeptAliveEndInOrder, kModes, mode) {
    ConnectorSetup setup(mode);
    setup.set("limits.request-time", 1000);
    const ConnectorProcess connector(setup);
    for (const bool isHalfClosed : {false, true}) {
        auto client = connector.connect(setup.apiPort());
        client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        if (isHalfClosed) client.finishSending();
        BOOST_TEST(client.readToEnd().starts_with("HTTP/1.1 200"));
        BOOST_CHECK(client.end() == PipeClient::End::Orderly);
    }
}

/// Slow clients must not keep a Controller at another address out.
BOOST_AUTO_TEST_CASE(SlowClientsOfOneAddressLeaveRoomForOthers) {
    ConnectorSetup setup;
    setup.set("limits.request-time", 600000);
    const ConnectorProcess connector(setup);
    std::vector<PipeClient> slow;
    for (int number = 0; number < 100; ++number) {
        slow.push_back(connector.connect(setup.apiPort(), {.from = "127.0.0.2"}));
        slow.back().sendSome("POST /api/v2/mapping/add HTTP/1.1\r\n");
    }
    connector.api().addPublic();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
