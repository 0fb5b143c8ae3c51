#pragma once

#include "pipe/Pipe.h"
#include "pipe/PipeFactory.h"

#include <future>
#include <memory>
#include <mutex>
#include <optional>

namespace connector {

/// A mapping, and its pipe as soon as that is needed: at once where it has ports of its own, else when the
/// first agent or visitor comes to it. There may be a hundred thousand mappings that nobody uses at the
/// moment. Any thread, unless a function says otherwise.
class LazyPipe {
  public:
    /// factory must outlive it. The pipe is there after start() at the earliest.
    LazyPipe(const PipeFactory& factory, const Mapping& mapping);

    /// Only after the future of close() is ready, or before start().
    ~LazyPipe();

    LazyPipe(const LazyPipe&) = delete;
    LazyPipe& operator=(const LazyPipe&) = delete;

    /// Changes in change() only, which is for whoever else reads it to mind.
    const Mapping& mapping() const { return _mapping; }

    /// As Pipe::start(). Once.
    void start(std::array<Pipe::Listeners, 2> listeners);

    /// The pipe, and what keeps it from being closed while it is used.
    struct Use {
        Pipe& pipe;
        Lifeline::Hold hold;
    };

    /// Nothing before start(), after close() or drain(), and while it is being closed.
    std::optional<Use> use();

    /// As those of Pipe are. A pipe that is not there has nobody to tell of, and nothing to wait for.
    std::future<void> close();
    void drain();
    bool isDrained() const;
    PipeStatus status() const;
    LastUse lastUse() const;
    std::future<ConnectionReports> connections() const;
    std::future<ConnectionReports> endConnection(std::uint64_t number, const std::string& why);
    std::future<void> change(const Mapping& mapping, std::array<Pipe::Listeners, 2> listeners);

    /// As change(), with the mapping as it is: the environment is another one.
    std::future<void> changeEnvironment();

  private:
    enum class State { New, Open, Drained, Closed };

    Pipe* pipe() const;

    const PipeFactory& _factory;
    Mapping _mapping;
    mutable std::mutex _mutex; ///< for what follows
    State _state = State::New;
    std::unique_ptr<Pipe> _pipe; ///< once it is there, until this is destroyed
};

} // namespace connector
