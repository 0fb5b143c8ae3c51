#include "api/ErrorAnswer.h"

#include "base/JsonFields.h"
#include "base/Printable.h"
#include "base/Uuid.h"
#include "mapping/MappingService.h"

#include <Poco/Exception.h>

namespace connector {

namespace {

using Poco::Net::HTTPResponse;

/// Seconds after which a request that the database could not take may be tried again.
constexpr const char* kRetryAfter = "5";

/// An error whose message is as good for the log as for the client.
ErrorAnswer refusal(HttpError::Status status, const std::string& message) {
    return {{status, message}, message};
}

/// An error that passes by itself.
ErrorAnswer notNow(const std::string& message, const std::string& reason) {
    return {{HTTPResponse::HTTP_SERVICE_UNAVAILABLE, message, {{"Retry-After", kRetryAfter}}}, reason};
}

ErrorAnswer serverError(const std::string& told, const std::string& reason) {
    constexpr std::size_t kMaxReason = 1000;
    const auto id = randomUuid();
    return {{HTTPResponse::HTTP_INTERNAL_SERVER_ERROR, told + "; the server's log says more under " + id},
            "error " + id + ": " + printable(reason, kMaxReason)};
}

} // namespace

ErrorAnswer errorAnswer(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const HttpError& error) {
        return {error, error.what()};
    } catch (const FieldError& error) {
        return {{HTTPResponse::HTTP_BAD_REQUEST, error.what()}, error.withoutValue()};
    } catch (const UnfitSettings& error) {
        return refusal(HTTPResponse::HTTP_BAD_REQUEST, error.what());
    } catch (const UnknownMapping& error) {
        return {{HTTPResponse::HTTP_NOT_FOUND, error.what()}, "no mapping has that id"};
    } catch (const UnknownConnection& error) {
        return {{HTTPResponse::HTTP_NOT_FOUND, error.what()}, "the mapping has no such connection"};
    } catch (const UnknownForNow& error) {
        return notNow(error.what(), "the database can't be asked for that id");
    } catch (const LoopsBusy& error) {
        return notNow(error.what(), error.what());
    } catch (const PortTaken& error) {
        return refusal(HTTPResponse::HTTP_CONFLICT, error.what());
    } catch (const NameTaken& error) {
        return refusal(HTTPResponse::HTTP_CONFLICT, error.what());
    } catch (const NoFreePorts& error) {
        return refusal(HTTPResponse::HTTP_INSUFFICIENT_STORAGE, error.what());
    } catch (const NotServing& error) {
        return refusal(HTTPResponse::HTTP_SERVICE_UNAVAILABLE, error.what());
    } catch (const StorageFull& error) {
        return {{HTTPResponse::HTTP_INSUFFICIENT_STORAGE, "the disk of the server's database is full"},
                error.what()};
    } catch (const StorageLocked& error) {
        return notNow("the server's database is locked by another program; nothing was changed",
                      error.what());
    } catch (const StorageUncertain& error) {
        return notNow(
            "the connection to the database server broke while it was to write this; whether it has "
            "is not known",
            error.what());
    } catch (const StorageUnreachable& error) {
        return notNow("the database server is not to be reached; nothing was changed", error.what());
    } catch (const StorageOutdated& error) {
        return {{HTTPResponse::HTTP_CONFLICT,
                 "another Connector has changed or removed the mapping meanwhile; nothing was changed"},
                error.what()};
    } catch (const StoragePortTaken& error) {
        return {{HTTPResponse::HTTP_CONFLICT, "another mapping has the port; nothing was changed"},
                error.what()};
    } catch (const StorageStalled& error) {
        return notNow(error.what(), error.what());
    } catch (const StorageError& error) {
        return serverError("the server's database failed", error.what());
    } catch (const Poco::Exception& error) {
        return serverError("internal error", error.displayText());
    } catch (const std::exception& error) {
        return serverError("internal error", error.what());
    }
}

} // namespace connector
