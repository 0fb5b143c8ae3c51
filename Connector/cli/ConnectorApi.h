#pragma once

#include "app/Configuration.h"
#include "cli/PinnedTls.h"

#include <Poco/JSON/Object.h>
#include <Poco/Net/HTTPClientSession.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace connector {

/// A member that an answer of the API must have. A value.
struct NeededMember {
    enum class Kind { Text, Number, List };

    const char* name;
    Kind kind;
};
using NeededMembers = std::vector<NeededMember>;

/// The API of the Connector that runs on a configuration of this machine, as an operator uses it: it is found
/// through the configuration, and called with the first token that is in it.
class ConnectorApi {
  public:
    /// Throws ConfigurationError and TlsError.
    explicit ConnectorApi(const std::string& configurationFile);

    const Configuration& configuration() const { return _configuration; }

    /// Where the API is: "https://127.0.0.1:443".
    const std::string& url() const { return _url; }

    /// For a program that goes on without an answer: one must come within the timeout from now on, and as
    /// soon as the stop is requested none is waited for, so that the request fails.
    void giveUp(std::chrono::seconds timeout, std::stop_token stop);

    /// Whether it says that all mappings are restored. False also when nothing answers within 2 s.
    bool isReady();

    /// What /health says. Throws CommandError when that is not "ok", and when nothing comes for 2 s. It gets
    /// no token, and so any certificate will do, from now on: the service is none the worse for a renewed one
    /// that it has not read yet.
    Poco::JSON::Object::Ptr health();

    /// These return the answer, and throw CommandError when there is none, when it is a failure and when it
    /// lacks something that is needed.
    Poco::JSON::Object::Ptr get(const std::string& path, const NeededMembers& needed);
    Poco::JSON::Object::Ptr post(const std::string& path, const Poco::JSON::Object& body,
                                 const NeededMembers& needed);

    /// All mappings, as GET /api/v2/mapping shows them, with ids, type, ports, state and counts. Throws
    /// CommandError.
    std::vector<Poco::JSON::Object::Ptr> mappings();

    // Of one of them, by its id or its name:

    /// Throws CommandError, with Application::EXIT_DATAERR when there is none.
    Poco::JSON::Object::Ptr mapping(const std::string& which);

    /// The same as connections(); null when there is no such mapping, or no such list.
    Poco::JSON::Object::Ptr findConnections(const std::string& which);

    /// Closes it. Returns the answer. Throws as above.
    Poco::JSON::Object::Ptr removeMapping(const std::string& which);

    /// Changes it: members are those of PATCH. Returns the mapping as it is then. Throws as above.
    Poco::JSON::Object::Ptr changeMapping(const std::string& which, const Poco::JSON::Object& members);

    /// Gives it a new passcode: the body is that of POST. Returns the answer. Throws as above.
    Poco::JSON::Object::Ptr changePasscode(const std::string& which, const Poco::JSON::Object& body);

    /// Its agents and visitors, as GET /api/v2/mapping/{id}/connections shows them. Throws as above.
    Poco::JSON::Object::Ptr connections(const std::string& which);

    /// Ends one of them. Returns the answer. Throws as above, also when there is none with this number.
    Poco::JSON::Object::Ptr endConnection(const std::string& which, std::int64_t number);

    /// Somebody who is told of events.
    using OnEvent = std::function<void(const std::string& name, const Poco::JSON::Object& data)>;

    /// Tells of what happens to mappings from now on, until the server ends that. Throws CommandError.
    void followEvents(const OnEvent& onEvent);

  private:
    struct Answer {
        int status = 0;
        std::string text;
    };

    std::string idOf(const std::string& which);
    std::string pathOf(const std::string& which);
    void connectAnew(std::chrono::seconds timeout);
    Answer request(const std::string& method, const std::string& path, const std::string& body = "");
    Answer exchange(const std::string& method, const std::string& path, const std::string& body);
    std::istream& send(const std::string& method, const std::string& path, const std::string& body,
                       int& status);
    [[noreturn]] void refuseConnection(const Poco::Exception& error) const;
    void awaitAnswer();
    Poco::JSON::Object::Ptr resultOf(const Answer& answer) const;
    [[noreturn]] void refuseAnswer(const std::string& why) const;
    void check(const Poco::JSON::Object& answer, const NeededMembers& needed) const;
    Poco::JSON::Object::Ptr checkedMapping(const Poco::Dynamic::Var& mapping) const;

    Configuration _configuration;
    /// The first identity with a token: its name and the token.
    std::optional<std::pair<std::string, std::string>> _token;
    std::string _url;
    std::unique_ptr<PinnedTls> _tls; ///< none in dev mode
    std::unique_ptr<Poco::Net::HTTPClientSession> _session;
    std::stop_token _stop;
};

} // namespace connector
