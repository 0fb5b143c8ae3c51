#include "http/RequestQueue.h"

#include <boost/test/unit_test.hpp>

#include <string>

using connector::AnswerReceiver;
using connector::ClientAnswer;
using connector::ClientRequest;
using connector::RequestQueue;
using connector::RequestSocket;

namespace {

class Nobody final : public AnswerReceiver {
  public:
    void onAnswered(ClientAnswer) override {}
};

struct Queue {
    void push(const std::string& message, bool isOfKnownCaller) {
        ClientRequest request;
        request.message = message;
        request.isOfKnownCaller = isOfKnownCaller;
        queue->push(new RequestSocket(std::move(request), std::make_unique<Nobody>()));
    }

    bool isEmpty() { return !queue->poll(Poco::Timespan(), 0); }

    std::string take() {
        Poco::Net::SocketAddress client;
        const Poco::AutoPtr<Poco::Net::SocketImpl> taken(queue->acceptConnection(client));
        return static_cast<const RequestSocket&>(*taken).request().message;
    }

    Poco::AutoPtr<RequestQueue> queue{new RequestQueue};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(HttpQueue, Queue)

BOOST_AUTO_TEST_CASE(those_of_known_callers_come_first) {
    BOOST_TEST(isEmpty());
    push("1", false);
    push("2", false);
    push("3", true);
    push("4", true);
    std::string order;
    while (!isEmpty())
        order += take();
    BOOST_TEST(order == "3412");
}

BOOST_AUTO_TEST_SUITE_END()
