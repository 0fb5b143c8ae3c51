#include "app/LimitFields.h"

#include <algorithm>
#include <limits>
#include <sys/resource.h>

namespace connector {

namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<int>::max();
/// Log lines a second: more is no limit any more.
constexpr std::int64_t kMaxLines = 1000000;
/// The window that a stream has while connections keep too many bytes.
constexpr std::int64_t kMinWindow = 65536;
/// Frames a second: more is no limit any more.
constexpr int kMaxFrames = 1000000;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 40;
/// The kernel takes 32767 s at the most (tcp(7)).
constexpr std::int64_t kMaxKeepalive = 32767000;
/// The kernel doubles it, in an int.
constexpr std::int64_t kMaxKernelBuffer = std::int64_t{1} << 29;
/// Of what is kept in memory of events, and of those who listen.
constexpr std::int64_t kMaxEvents = 100000;
/// What the database, the log and the libraries need at the most, however busy the pipes and the API are.
constexpr int kReservedDescriptors = 128;
/// Of all descriptors, the part that connections to the front may have that have not said what they want, of
/// either kind.
constexpr int kFrontShare = 16;
/// About as many as a process may have descriptors (fs.nr_open), and few enough for POCO to count.
constexpr std::int64_t kMaxApiConnections = 1000000;

std::chrono::milliseconds time(JsonFields& fields, const std::string& key,
                               std::chrono::milliseconds fallback) {
    return std::chrono::milliseconds(fields.integer(key, 1, kMaxInt, fallback.count()));
}

std::size_t size(JsonFields& fields, const std::string& key, std::int64_t min, std::size_t fallback) {
    return static_cast<std::size_t>(fields.integer(key, min, kMaxBytes, static_cast<std::int64_t>(fallback)));
}

int count(JsonFields& fields, const std::string& key, std::int64_t max, int fallback) {
    return static_cast<int>(fields.integer(key, 1, max, fallback));
}

/// What the process may have: it raises its soft limit to the hard one.
int allDescriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<int>(std::min<rlim_t>(limit.rlim_max, kMaxInt));
}

HttpLimits readApiLimits(JsonFields& limits) {
    HttpLimits result;
    result.requestBody = size(limits, "request-body", 1024, result.requestBody);
    result.requestTime = time(limits, "request-time", result.requestTime);
    result.threads = count(limits, "api-threads", 1000, result.threads);
    const auto connections = [&](const char* key, std::size_t fallback) {
        return static_cast<std::size_t>(count(limits, key, kMaxApiConnections, static_cast<int>(fallback)));
    };
    const auto quarter = static_cast<std::size_t>(allDescriptors() / 4);
    result.connections = connections("api-connections", std::min(result.connections, quarter));
    result.unidentified = connections("api-unidentified", std::max<std::size_t>(1, result.connections / 2));
    result.connectionsPerAddress = connections("api-connections-per-address", result.connectionsPerAddress);
    return result;
}

/// Those of connections that are not known yet to be pipes'.
std::int64_t descriptorsAtDoors(const Configuration& configuration) {
    const auto waiting = [](const TrustedProxies& proxies) {
        return proxies.networks.empty() ? 0 : static_cast<std::int64_t>(proxies.waiting);
    };
    const auto& front = configuration.front;
    if (front.port == 0) return waiting(configuration.api.proxies);
    const auto plainPorts = front.httpPort == 0 ? 0 : std::ssize(configuration.pipes.bind);
    // So many of addresses that are known, and so many of others.
    return waiting(configuration.api.proxies) + (1 + plainPorts) * waiting(front.proxies) +
           2 * static_cast<std::int64_t>(front.connections);
}

/// The most descriptors that pipes may use: half of all remains at the least. The other ports of HTTP have
/// the API's limits.
int maxDescriptors(const Configuration& configuration) {
    const int httpPorts =
        1 + (configuration.metrics.port == 0 ? 0 : 1) + (configuration.front.httpPort == 0 ? 0 : 1);
    const auto reserved = kReservedDescriptors + descriptorsAtDoors(configuration) +
                          httpPorts * static_cast<std::int64_t>(configuration.api.limits.connections);
    const int all = allDescriptors();
    return all - static_cast<int>(std::min<std::int64_t>(reserved, all / 2));
}

RelayLimits readRelayLimits(JsonFields& limits) {
    RelayLimits result;
    result.buffer = static_cast<std::size_t>(limits.integer(
        "relay-buffer", Stream::kMaxMessage, EventLoop::kScratchSize, EventLoop::kScratchSize));
    result.buffered = size(limits, "buffered", 0, result.buffered);
    result.linger = time(limits, "linger", result.linger);
    return result;
}

Http2Limits readHttp2Limits(JsonFields& limits) {
    Http2Limits result;
    result.streamWindow = static_cast<std::size_t>(
        limits.integer("stream-window", kMinWindow, kMaxInt, static_cast<std::int64_t>(result.streamWindow)));
    result.concurrentStreams = static_cast<std::uint32_t>(
        limits.integer("concurrent-streams", 1, kMaxInt, result.concurrentStreams));
    result.unsent =
        static_cast<int>(limits.integer("session-unsent", Stream::kMaxMessage, kMaxInt, result.unsent));
    result.controlFrames = count(limits, "control-frames", kMaxFrames, result.controlFrames);
    result.resets = count(limits, "stream-resets", kMaxFrames, result.resets);
    return result;
}

EventLimits readEventLimits(JsonFields& limits) {
    EventLimits result;
    result.kept =
        static_cast<std::size_t>(count(limits, "events", kMaxEvents, static_cast<int>(result.kept)));
    result.listeners = static_cast<std::size_t>(
        count(limits, "event-streams", kMaxEvents, static_cast<int>(result.listeners)));
    result.heartbeat = time(limits, "event-heartbeat", result.heartbeat);
    result.agentsGone = time(limits, "agents-gone", result.agentsGone);
    return result;
}

PipeLimits readPipeLimits(JsonFields& limits) {
    PipeLimits result;
    result.greetingFirstByte = time(limits, "greeting-first-byte", result.greetingFirstByte);
    result.greetingRest = time(limits, "greeting-rest", result.greetingRest);
    result.authorizing = size(limits, "authorizing", 1, result.authorizing);
    result.wrongPasscodes = size(limits, "wrong-passcodes", 1, result.wrongPasscodes);
    result.wrongPasscodesWithin = time(limits, "wrong-passcodes-within", result.wrongPasscodesWithin);
    result.wrongPasscodePause = time(limits, "wrong-passcode-pause", result.wrongPasscodePause);
    result.wrongPasscodeLongestPause =
        time(limits, "wrong-passcode-longest-pause", result.wrongPasscodeLongestPause);
    result.placeWait = time(limits, "place-wait", result.placeWait);
    result.visitorWait = time(limits, "visitor-wait", result.visitorWait);
    result.firstBytes = time(limits, "first-bytes", result.firstBytes);
    result.open = time(limits, "open", result.open);
    result.idleRelayYields = std::chrono::milliseconds(
        limits.integer("idle-relay-yields", 0, kMaxInt, result.idleRelayYields.count()));
    result.waitingVisitors = size(limits, "waiting-visitors", 1, result.waitingVisitors);
    result.silentAgent = time(limits, "silent-agent", result.silentAgent);
    result.visitorSilence = time(limits, "visitor-silence", result.visitorSilence);
    result.staleQuiet = time(limits, "stale-quiet", result.staleQuiet);
    result.staleLongest = time(limits, "stale-longest", result.staleLongest);
    result.agentMemory = time(limits, "agent-memory", result.agentMemory);
    result.heldPayload = size(limits, "held-payload", Stream::kMaxMessage, result.heldPayload);
    result.streams = static_cast<std::size_t>(
        limits.integer("streams", 1, kMaxInt, static_cast<std::int64_t>(result.streams)));
    result.http2 = readHttp2Limits(limits);
    result.relay = readRelayLimits(limits);
    result.drainSilence = time(limits, "drain-silence", result.drainSilence);
    result.retryPorts = time(limits, "retry-ports", result.retryPorts);
    result.events = readEventLimits(limits);
    result.loopWait = time(limits, "loop-wait", result.loopWait);
    result.backlog = count(limits, "backlog", 65535, result.backlog);
    return result;
}

/// 0, or enough for a message.
int kernelBuffer(JsonFields& limits) {
    constexpr const char* kKey = "kernel-buffer";
    const auto bytes = limits.integer(kKey, 0, kMaxKernelBuffer, 0);
    if (bytes != 0 && bytes < static_cast<std::int64_t>(Stream::kMaxMessage))
        limits.refuse(kKey, "0, or from " + std::to_string(Stream::kMaxMessage) + " to " +
                                std::to_string(kMaxKernelBuffer));
    return static_cast<int>(bytes);
}

TcpOptions readTcpOptions(JsonFields& limits) {
    TcpOptions result;
    result.userTimeout = time(limits, "user-timeout", result.userTimeout);
    result.slowPeer = time(limits, "slow-peer", result.slowPeer);
    const auto keepalive = [&](const char* key, std::chrono::milliseconds fallback) {
        return std::chrono::milliseconds(limits.integer(key, 1, kMaxKeepalive, fallback.count()));
    };
    result.keepaliveIdle = keepalive("keepalive-idle", result.keepaliveIdle);
    result.keepaliveInterval = keepalive("keepalive-interval", result.keepaliveInterval);
    result.unsent = static_cast<int>(limits.integer("unsent", Stream::kMaxMessage, kMaxInt, result.unsent));
    result.kernelBuffer = kernelBuffer(limits);
    return result;
}

/// apiThreads: half of them are never held up by the database.
DatabaseLimits readDatabaseLimits(JsonFields& limits, int apiThreads) {
    DatabaseLimits result;
    result.busy = time(limits, "database-busy", result.busy);
    result.wait = time(limits, "database-wait", result.wait);
    result.waiting = count(limits, "database-waiting", 1000, std::max(apiThreads / 2, 1));
    result.grace = time(limits, "database-grace", result.grace);
    result.compare = time(limits, "database-compare", result.compare);
    return result;
}

/// After those of pipes and API, whose newcomers have as much time.
void readProxyLimits(JsonFields& limits, Configuration& configuration) {
    auto& ofPipes = configuration.pipes.proxies;
    auto& ofApi = configuration.api.proxies;
    ofPipes.waiting = size(limits, "proxy-headers", 1, ofPipes.waiting);
    auto& ofFront = configuration.front.proxies;
    ofApi.waiting = ofFront.waiting = ofPipes.waiting;
    ofPipes.headerTime = ofFront.headerTime = configuration.pipes.limits.greetingFirstByte;
    ofApi.headerTime = configuration.api.limits.requestTime;
}

} // namespace

void readLimits(JsonFields limits, Configuration& configuration) {
    auto& api = configuration.api.limits;
    api = readApiLimits(limits);
    configuration.pipes.limits = readPipeLimits(limits);
    readProxyLimits(limits, configuration);
    auto& front = configuration.front;
    const auto share = static_cast<std::size_t>(std::max(1, allDescriptors() / kFrontShare));
    front.connections = size(limits, "front-connections", 1, std::min(front.connections, share));
    configuration.pipes.tcp = readTcpOptions(limits);
    configuration.databaseLimits = readDatabaseLimits(limits, api.threads);
    configuration.lastUse = time(limits, "last-use", configuration.lastUse);
    configuration.upgrade = time(limits, "upgrade", configuration.upgrade);
    configuration.drain = time(limits, "drain", configuration.drain);
    configuration.log.linesPerSecond =
        count(limits, "log-lines", kMaxLines, configuration.log.linesPerSecond);
    configuration.log.summary = time(limits, "log-summary", configuration.log.summary);
    const int most = maxDescriptors(configuration);
    configuration.pipes.descriptors = count(limits, "descriptors", most, most);
    configuration.pipes.limits.mappingVisitors =
        size(limits, "mapping-visitors", 1, static_cast<std::size_t>(configuration.pipes.descriptors / 2));
    limits.refuseUnknown();
}

} // namespace connector
