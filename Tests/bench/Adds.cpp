#include "Adds.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

namespace {

std::unique_ptr<Poco::Net::HTTPClientSession> connect(const Adding& adding) {
    if (!adding.tls) return std::make_unique<Poco::Net::HTTPClientSession>("127.0.0.1", adding.port);
    const Poco::Net::Context::Ptr anybody = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, "", "",
                                                                   "", Poco::Net::Context::VERIFY_NONE);
    return std::make_unique<Poco::Net::HTTPSClientSession>("127.0.0.1", adding.port, anybody);
}

void add(Poco::Net::HTTPClientSession& session, bool hasPorts) {
    const std::string body =
        R"(mapping={"type":"public","maxconnections":60,"heartbeatabsencethreshold":200000)" +
        std::string(hasPorts ? "}" : R"(,"ports":false})");
    Poco::Net::HTTPRequest request("POST", "/api/v2/mapping/add", Poco::Net::HTTPMessage::HTTP_1_1);
    request.setContentType("application/x-www-form-urlencoded");
    request.setContentLength(static_cast<std::streamsize>(body.size()));
    session.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    std::string answer;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), answer);
    if (response.getStatus() != Poco::Net::HTTPResponse::HTTP_OK)
        throw std::runtime_error("a mapping was refused: " + answer);
}

} // namespace

double addMappings(const Adding& adding) {
    std::atomic<int> left{adding.count};
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::future<void>> running;
    for (int i = 0; i < adding.clients; ++i)
        running.push_back(std::async(std::launch::async, [&] {
            const auto session = connect(adding);
            session->setKeepAlive(true);
            while (left.fetch_sub(1) > 0)
                add(*session, adding.havePorts);
        }));
    for (auto& client : running)
        client.get();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

} // namespace bench
