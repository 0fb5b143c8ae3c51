#pragma once

#include "api/ApiRouter.h"
#include "api/ApiSettings.h"
#include "api/CallersLog.h"
#include "api/ClientSocket.h"
#include "api/ConnectionSlots.h"
#include "api/ErrorAnswer.h"
#include "api/HttpReader.h"
#include "api/StopSignal.h"

#include <Poco/JSON/Object.h>
#include <Poco/Logger.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/TCPServerConnection.h>

#include <string>

namespace connector {

/// What all connections of the API share. ApiServer owns it; it outlives them.
struct ApiEnvironment {
    const ApiLimits limits;
    const ApiRouter router;
    /// Null for plain HTTP.
    const Poco::Net::Context::Ptr tls;
    Poco::Logger& log;
    CallersLog callers;
    StopSignal stop;
    ConnectionSlots slots;
};

/// One client's connection to the API, from its acceptance to its end, on a thread of Poco::Net::TCPServer,
/// which owns it.
///
/// Poco::Net::HTTPServerConnection is not used: it answers malformed requests without a body, and a client
/// that sends a byte now and then would keep its thread for as long as it likes. See HttpReader, too.
class ApiConnection : public Poco::Net::TCPServerConnection {
  public:
    ApiConnection(const Poco::Net::StreamSocket& socket, ApiEnvironment& environment);

    /// Serves the client's requests until either end closes. Throws nothing.
    void run() override;

  private:
    struct Exchange;

    void serve();
    void answer(Exchange& exchange, HttpReader& reader, ClientSocket::Deadline deadline);
    void fail(Exchange& exchange, const std::exception_ptr& exception);
    void finish(Exchange& exchange, const HttpReader& reader, ClientSocket& client);
    void logError(const Exchange& exchange, const ErrorAnswer& error) const;
    void log(const Exchange& exchange) const;
    std::string callerOf(const Exchange& exchange) const;

    ApiEnvironment& _environment;
    Credentials _caller;
};

} // namespace connector
