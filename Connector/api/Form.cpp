#include "api/Form.h"

#include "base/JsonFields.h"
#include "base/Printable.h"

#include <Poco/String.h>

#include <iterator>

namespace connector {

Form::Form(const std::string& text) {
    _form.setValueLengthLimit(static_cast<int>(text.size())); // the request's own limit has been kept
    try {
        _form.read(text);
    } catch (const Poco::Exception& error) {
        throw FieldError("the parameters can't be decoded: " + printable(error.message()));
    }
}

std::optional<std::string> Form::find(const std::string& name) const {
    const auto first = _form.find(name);
    if (first == _form.end()) return std::nullopt;
    const auto second = std::next(first); // the collection keeps equal names side by side
    if (second != _form.end() && Poco::icompare(second->first, name) == 0)
        throw FieldError(name + ": the parameter is given twice");
    return first->second;
}

std::string Form::bareText() const {
    return _form.size() == 1 && _form.begin()->second.empty() ? _form.begin()->first : "";
}

} // namespace connector
