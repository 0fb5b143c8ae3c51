#include "api/ErrorAnswer.h"

#include "api/Printable.h"
#include "base/JsonFields.h"
#include "base/Uuid.h"
#include "mapping/MappingService.h"

#include <Poco/Exception.h>

namespace connector {

namespace {

using Poco::Net::HTTPResponse;

HttpError serverError(const std::string& told, const std::string& reason, const std::string& request,
                      Poco::Logger& log) {
    constexpr std::size_t kMaxReason = 1000;
    const auto id = randomUuid();
    log.error("error " + id + ": " + request + ": " + printable(reason, kMaxReason));
    return {HTTPResponse::HTTP_INTERNAL_SERVER_ERROR, told + "; the server's log says more under " + id};
}

} // namespace

HttpError errorAnswer(const std::exception_ptr& exception, const std::string& request, Poco::Logger& log) {
    try {
        std::rethrow_exception(exception);
    } catch (const HttpError& error) {
        return error;
    } catch (const FieldError& error) {
        return {HTTPResponse::HTTP_BAD_REQUEST, error.what()};
    } catch (const UnfitSettings& error) {
        return {HTTPResponse::HTTP_BAD_REQUEST, error.what()};
    } catch (const UnknownMapping& error) {
        return {HTTPResponse::HTTP_NOT_FOUND, error.what()};
    } catch (const NoFreePorts& error) {
        return {HTTPResponse::HTTP_INSUFFICIENT_STORAGE, error.what()};
    } catch (const NotServing& error) {
        return {HTTPResponse::HTTP_SERVICE_UNAVAILABLE, error.what()};
    } catch (const StorageFull& error) {
        log.error(request + ": " + printable(error.what()));
        return {HTTPResponse::HTTP_INSUFFICIENT_STORAGE, "the disk of the server's database is full"};
    } catch (const StorageError& error) {
        return serverError("the server's database failed", error.what(), request, log);
    } catch (const Poco::Exception& error) {
        return serverError("internal error", error.displayText(), request, log);
    } catch (const std::exception& error) {
        return serverError("internal error", error.what(), request, log);
    }
}

} // namespace connector
