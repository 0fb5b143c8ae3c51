#pragma once

#include "cli/CommandError.h"

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

/// The API's answer is a failure.
class ApiFailure : public CommandError {
  public:
    /// status: of HTTP.
    ApiFailure(int status, int exitCode, const std::string& message)
        : CommandError(exitCode, message), _status(status) {}

    int status() const { return _status; }

  private:
    int _status;
};

/// The API of a Connector, as a client sees it; who calls it knows where it is and what to say when it is not
/// as it should be. One thread at a time.
class ApiClient {
  public:
    ApiClient(const ApiClient&) = delete;
    ApiClient& operator=(const ApiClient&) = delete;

    /// "https://192.0.2.1:443".
    const std::string& url() const { return _url; }

    /// Longer than the API takes for anything, a slow disk's commit included.
    static constexpr std::chrono::seconds kUsualTimeout{60};

    /// How long connecting, or an answer, may take from now on; kUsualTimeout otherwise.
    void setTimeout(std::chrono::seconds timeout);

    /// For somebody who may give up: the same for an answer, connecting may take 2 s at a time, and as soon
    /// as the stop is requested no answer is waited for, so that the request fails.
    void giveUp(std::chrono::seconds timeout, std::stop_token stop);

    /// These return the answer, and throw CommandError when there is none, ApiFailure when it is one, and
    /// CommandError when it lacks something that is needed.
    Poco::JSON::Object::Ptr get(const std::string& path, const NeededMembers& needed);
    Poco::JSON::Object::Ptr post(const std::string& path, const Poco::JSON::Object& body,
                                 const NeededMembers& needed);

    /// Opens a mapping: the body is that of POST. Returns the answer, with id, ports and passcodes. Throws as
    /// above.
    Poco::JSON::Object::Ptr addMapping(const Poco::JSON::Object& body);

    /// All mappings, as GET /api/v2/mapping shows them, with ids, type, ports, state and counts. Throws
    /// CommandError.
    std::vector<Poco::JSON::Object::Ptr> mappings();

    // Of one of them, by its id or its name:

    /// Throws as above; ApiFailure has the status 404 when there is none.
    Poco::JSON::Object::Ptr mapping(const std::string& which);

    /// The same; null when there is none.
    Poco::JSON::Object::Ptr findMapping(const std::string& which);

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

    /// Somebody who is told of events. Returns whether more of them are wanted.
    using OnEvent = std::function<bool(const std::string& name, const Poco::JSON::Object& data)>;

    /// Tells of what happens to mappings from now on, until no more is wanted; throws CommandError when the
    /// server ends that before. heartbeat: how often the server says something at the least.
    void followEvents(std::chrono::milliseconds heartbeat, const OnEvent& onEvent);

  protected:
    struct Answer {
        int status = 0;
        std::string text;
    };

    ApiClient() = default;
    virtual ~ApiClient();

    /// Where the API is, before anything else. token: "" for none.
    void use(std::unique_ptr<Poco::Net::HTTPClientSession> session, std::string url, std::string token);

    /// For those whose TLS goes before this object. Waits for nothing.
    void disconnect();

    /// Where the API is, for messages; it may say how that is known.
    virtual std::string place() const { return _url; }

    /// What to throw when the request could not be sent, or no answer came.
    virtual CommandError connectionFailure(const Poco::Exception& error) const = 0;

    /// What would help when the caller is unknown (401), or may not do this (403), for the end of a message;
    /// "" for nothing.
    virtual std::string helpWith(int status) const = 0;

    /// Throws CommandError.
    [[noreturn]] void refuseAnswer(const std::string& why) const;

    Answer exchange(const std::string& method, const std::string& path, const std::string& body = "");
    /// Returns the answer's body.
    std::istream& send(const std::string& method, const std::string& path, const std::string& body,
                       int& status);
    /// Its JSON. Throws ApiFailure, and CommandError when it is no JSON.
    Poco::JSON::Object::Ptr resultOf(const Answer& answer) const;

  private:
    std::string idOf(const std::string& which);
    std::string pathOf(const std::string& which);
    Answer request(const std::string& method, const std::string& path, const std::string& body = "");
    void awaitAnswer();
    void check(const Poco::JSON::Object& answer, const NeededMembers& needed) const;
    Poco::JSON::Object::Ptr checkedMapping(const Poco::Dynamic::Var& mapping) const;

    std::string _url;
    std::string _token;
    std::unique_ptr<Poco::Net::HTTPClientSession> _session;
    std::stop_token _stop;
    std::chrono::seconds _patience{0}; ///< of giveUp(), for an answer
};

} // namespace connector
