#include "pipe/LazyPipe.h"

namespace connector {

namespace {

template <class Value>
std::future<Value> ready(Value value) {
    std::promise<Value> promise;
    promise.set_value(std::move(value));
    return promise.get_future();
}

std::future<void> done() {
    std::promise<void> promise;
    promise.set_value();
    return promise.get_future();
}

} // namespace

LazyPipe::LazyPipe(const PipeFactory& factory, const Mapping& mapping)
    : _factory(factory), _mapping(mapping) {}

LazyPipe::~LazyPipe() = default;

void LazyPipe::start(std::array<Pipe::Listeners, 2> listeners) {
    const std::lock_guard lock(_mutex);
    _state = State::Open;
    if (!_mapping.hasPorts) return;
    _pipe = _factory.createPipe(_mapping);
    _pipe->start(std::move(listeners));
}

std::optional<LazyPipe::Use> LazyPipe::use() {
    const std::lock_guard lock(_mutex);
    if (_state != State::Open) return std::nullopt;
    if (!_pipe) {
        _pipe = _factory.createPipe(_mapping);
        _pipe->start({});
    }
    auto hold = _pipe->hold();
    if (!hold) return std::nullopt;
    return Use{*_pipe, std::move(hold)};
}

std::future<void> LazyPipe::close() {
    const std::lock_guard lock(_mutex);
    _state = State::Closed;
    return _pipe ? _pipe->close() : done();
}

void LazyPipe::drain() {
    const std::lock_guard lock(_mutex);
    _state = State::Drained;
    if (_pipe) _pipe->drain();
}

bool LazyPipe::isDrained() const {
    const std::lock_guard lock(_mutex);
    return _pipe ? _pipe->isDrained() : _state == State::Drained;
}

/// It is not destroyed before this is.
Pipe* LazyPipe::pipe() const {
    const std::lock_guard lock(_mutex);
    return _pipe.get();
}

PipeStatus LazyPipe::status() const {
    const auto* there = pipe();
    return there ? there->status() : PipeStatus();
}

LastUse LazyPipe::lastUse() const {
    const auto* there = pipe();
    return there ? there->lastUse() : _mapping.lastUse;
}

std::future<ConnectionReports> LazyPipe::connections() const {
    auto* there = pipe();
    return there ? there->connections() : ready(ConnectionReports());
}

std::future<ConnectionReports> LazyPipe::endConnection(std::uint64_t number, const std::string& why) {
    auto* there = pipe();
    return there ? there->endConnection(number, why) : ready(ConnectionReports());
}

std::future<void> LazyPipe::change(const Mapping& mapping, std::array<Pipe::Listeners, 2> listeners) {
    const std::lock_guard lock(_mutex);
    _mapping = mapping;
    return _pipe ? _pipe->change(mapping, std::move(listeners)) : done();
}

std::future<void> LazyPipe::changeEnvironment() {
    auto* there = pipe();
    return there ? there->change(_mapping, {}) : done();
}

} // namespace connector
