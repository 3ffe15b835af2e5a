#include "labrelay/store/read_pool.hpp"

#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

class ReadPoolTest : public StoreTest {};

TEST_F(ReadPoolTest, WhatMayBeBrokenIsNotBorrowedAgain) {
    ReadPool pool(*directory_);
    const ReadSession* well = nullptr;
    const ReadSession* broken = nullptr;
    {
        auto first = pool.borrow();
        auto second = pool.borrow();
        ASSERT_TRUE(first && second);
        broken = &**first;  // given back last, borrowed next
        well = &**second;
    }
    try {
        auto borrowed = pool.borrow();
        ASSERT_EQ(&**borrowed, broken);
        throw pipeline::StoreFault("the connection broke", false);
    } catch (const pipeline::StoreFault&) {
    }
    EXPECT_EQ(&**pool.borrow(), well);
}

}  // namespace
}  // namespace labrelay::store
