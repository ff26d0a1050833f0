//! What the operations of notifier are handed: nothing here is read from a module variable.
import type { NewId } from '../contracts/ids.ts'
import type { NotifierStore } from './store/schema.ts'

export type Deps = {
  readonly store: NotifierStore
  readonly newId: NewId
}
