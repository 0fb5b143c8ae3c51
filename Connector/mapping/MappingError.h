#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace connector {

/// What an operation on mappings can fail with; what() is a sentence for the one who asked.
class MappingError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// No mapping has that id.
class UnknownMapping : public MappingError {
  public:
    using MappingError::MappingError;
};
/// Whether a mapping has that id can't be known at the moment.
class UnknownForNow : public MappingError {
  public:
    using MappingError::MappingError;
};
/// No connection of the mapping has that number.
class UnknownConnection : public MappingError {
  public:
    using MappingError::MappingError;
};
/// An event loop that has a part of the answer does not answer.
class LoopsBusy : public MappingError {
  public:
    using MappingError::MappingError;
};
/// There are not two free ports, or not the descriptors to listen on them.
class NoFreePorts : public MappingError {
  public:
    using MappingError::MappingError;
};
/// The port that was asked for is another mapping's, or another program's.
class PortTaken : public MappingError {
  public:
    using MappingError::MappingError;
};
/// The name that was asked for is another mapping's.
class NameTaken : public MappingError {
  public:
    /// owner: the id of that mapping, as far as it is known here; "" when it isn't.
    NameTaken(const std::string& what, std::string owner) : MappingError(what), _owner(std::move(owner)) {}

    const std::string& owner() const { return _owner; }

  private:
    std::string _owner;
};
/// This mapping can't have such settings.
class UnfitSettings : public MappingError {
  public:
    using MappingError::MappingError;
};
/// The mappings are still being restored, or the process is stopping.
class NotServing : public MappingError {
  public:
    using MappingError::MappingError;
};

} // namespace connector
