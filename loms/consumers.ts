//! Every fact loms listens to, and the operation each one calls.
import { ProductChanged } from '../contracts/events/catalog.ts'
import { on } from '../runtime/messages/handler.ts'
import { recordProduct } from './operations/record-product.ts'
import type { Tables } from './store/schema.ts'

export const catalogFacts = [
  on<Tables, typeof ProductChanged>(ProductChanged, (tx, { data }) => recordProduct(tx, data)),
]
