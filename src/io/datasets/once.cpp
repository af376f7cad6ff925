#include "io/datasets/once.hpp"

#include <algorithm>

#include "comm/agree.hpp"
#include "comm/collectives.hpp"

namespace sonde::io {

namespace {

class SharedSource : public ByteSource {
 public:
  explicit SharedSource(comm::SharedBytes bytes) : bytes_(std::move(bytes)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.bytes().size()); }
  void read(std::int64_t offset, std::span<std::byte> target) const override {
    auto const part = bytes_.bytes().subspan(static_cast<std::size_t>(offset), target.size());
    std::copy(part.begin(), part.end(), target.begin());
  }

 private:
  comm::SharedBytes bytes_;
};

}  // namespace

std::string once(comm::Communicator const& comm, std::function<std::string()> const& work) {
  enum : std::int32_t { fine, bad_input, failure };
  std::int32_t outcome = fine;
  std::string text;
  if (comm.is_root()) {
    try {
      text = work();
    } catch (InputError const& error) {
      outcome = bad_input;
      text = error.what();
    } catch (std::exception const& error) {
      outcome = failure;
      text = error.what();
    }
  }
  comm::broadcast<std::int32_t>(comm, {&outcome, 1});
  comm::broadcast(comm, text);
  // Thrown on all ranks, so that agree() marks the error as known to all.
  comm::agree(comm, [&] {
    if (outcome == bad_input) throw InputError(text);
    if (outcome == failure) throw Error(text);
  });
  return text;
}

std::shared_ptr<ByteSource const> once_per_node(comm::Communicator const& comm, std::int64_t size,
                                                std::function<void(std::span<std::byte>)> const& fill) {
  comm::Communicator const node = comm.split_node();
  comm::SharedBytes bytes;
  comm::agree(comm, [&] { bytes = comm::SharedBytes(node, static_cast<std::size_t>(size)); });
  comm::agree(comm, [&] {
    if (node.is_root()) fill(bytes.bytes());
  });
  bytes.publish();
  return std::make_shared<SharedSource>(std::move(bytes));
}

}  // namespace sonde::io
