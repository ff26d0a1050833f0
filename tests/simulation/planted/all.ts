//! Every planted bug by its name, with the invariant that it has to break.
import { captureFirst } from './capture-first.ts'
import { cartEmptiedFirst } from './cart-emptied-first.ts'
import { clockReadTwice } from './clock-read-twice.ts'
import { commitExpired } from './commit-expired.ts'
import { dedupBySequence } from './dedup-by-sequence.ts'
import { doubleRefund } from './double-refund.ts'
import { forgottenSaga } from './forgotten-saga.ts'
import { holdAgain } from './hold-again.ts'
import { lateHold } from './late-hold.ts'
import { lostCancellation } from './lost-cancellation.ts'
import { lostRelease } from './lost-release.ts'
import { lostVoid } from './lost-void.ts'
import { markSentFirst } from './mark-sent-first.ts'
import { noInbox } from './no-inbox.ts'
import { payAfterCancel } from './pay-after-cancel.ts'
import { placeBeforeEffect } from './place-before-effect.ts'
import type { Planted } from './planted.ts'
import { publishBeforeCommit } from './publish-before-commit.ts'
import { retryWithoutKey } from './retry-without-key.ts'
import { splitNotAtomic } from './split-not-atomic.ts'

export type Named = { readonly bug: Planted; readonly breaks: readonly string[] }

export const planted: Readonly<Record<string, Named>> = {
  'no-inbox': { bug: noInbox, breaks: ['I4'] },
  'publish-before-commit': { bug: publishBeforeCommit, breaks: ['I4'] },
  'mark-sent-first': { bug: markSentFirst, breaks: ['I4'] },
  'commit-expired': { bug: commitExpired, breaks: ['I1', 'I2'] },
  'pay-after-cancel': { bug: payAfterCancel, breaks: ['I7'] },
  'split-not-atomic': { bug: splitNotAtomic, breaks: ['I1', 'I2'] },
  'lost-release': { bug: lostRelease, breaks: ['I1'] },
  'dedup-by-sequence': { bug: dedupBySequence, breaks: ['I4'] },
  'place-before-effect': { bug: placeBeforeEffect, breaks: ['I4'] },
  'clock-read-twice': { bug: clockReadTwice, breaks: ['I2'] },
  'retry-without-key': { bug: retryWithoutKey, breaks: ['I6', 'checkout'] },
  'cart-emptied-first': { bug: cartEmptiedFirst, breaks: ['checkout'] },
  'capture-first': { bug: captureFirst, breaks: ['I3'] },
  'lost-void': { bug: lostVoid, breaks: ['I3'] },
  'late-hold': { bug: lateHold, breaks: ['I7', 'I8'] },
  'double-refund': { bug: doubleRefund, breaks: ['I3'] },
  'hold-again': { bug: holdAgain, breaks: ['I3'] },
  'forgotten-saga': { bug: forgottenSaga, breaks: ['I8'] },
  'lost-cancellation': { bug: lostCancellation, breaks: ['I7'] },
}
