#pragma once

#include "api/CallersLog.h"

#include <Poco/ErrorHandler.h>

namespace connector {

/// What Poco::Net::TCPServer tells of connections that it could not accept. Logs it, and keeps its thread
/// from spinning. POCO has one such handler for the process, and calls it on the thread that the exception
/// was thrown on.
class AcceptErrors : public Poco::ErrorHandler {
  public:
    /// log: must outlive the handler.
    explicit AcceptErrors(CallersLog& log) : _log(log) {}

    void exception(const Poco::Exception& error) override;
    void exception(const std::exception& error) override;
    void exception() override;

  private:
    void reportAndPause(const std::string& what);

    CallersLog& _log;
};

} // namespace connector
