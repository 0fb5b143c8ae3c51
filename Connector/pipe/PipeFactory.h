#pragma once

#include "model/Mapping.h"
#include "pipe/Pipe.h"
#include "pipe/PipeEnvironment.h"

#include <memory>

namespace connector {

/// Makes the live side of mappings: a pipe of the right kind, with an endpoint for each of its two ports. Any
/// thread.
class PipeFactory {
  public:
    /// environment must outlive the factory and what it makes.
    explicit PipeFactory(PipeEnvironment& environment) : _environment(environment) {}

    std::unique_ptr<Pipe> createPipe(const Mapping& mapping) const;

  private:
    PipeEnvironment& _environment;
};

} // namespace connector
