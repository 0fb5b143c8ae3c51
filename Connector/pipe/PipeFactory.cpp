#include "pipe/PipeFactory.h"

#include "pipe/PrivatePipe.h"
#include "pipe/PublicPipe.h"

namespace connector {

std::unique_ptr<Pipe> PipeFactory::createPipe(const Mapping& mapping) const {
    if (mapping.type == Mapping::Type::Public) return std::make_unique<PublicPipe>(_environment, mapping);
    return std::make_unique<PrivatePipe>(_environment, mapping);
}

} // namespace connector
