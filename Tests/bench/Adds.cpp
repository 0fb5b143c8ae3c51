#include "Adds.h"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

namespace {

void add(Poco::Net::HTTPClientSession& session) {
    const std::string body =
        R"(mapping={"type":"public","maxconnections":60,"heartbeatabsencethreshold":200000})";
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

double addMappings(std::uint16_t port, int clients, int count) {
    std::atomic<int> left{count};
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::future<void>> running;
    for (int i = 0; i < clients; ++i)
        running.push_back(std::async(std::launch::async, [&] {
            Poco::Net::HTTPClientSession session("127.0.0.1", port);
            session.setKeepAlive(true);
            while (left.fetch_sub(1) > 0)
                add(session);
        }));
    for (auto& client : running)
        client.get();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

} // namespace bench
