#include "app/PackagedConfiguration.h"

#include "PackagedConfigurationText.h"

#include <fstream>
#include <iterator>

namespace connector {

bool isPackagedConfiguration(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {}) == kPackagedConfiguration;
}

} // namespace connector
