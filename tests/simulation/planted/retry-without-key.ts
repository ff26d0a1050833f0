//! Whoever gets no answer asks again, also for what has no key: the first time may have been carried out.
import type { Planted } from './planted.ts'

export const retryWithoutKey: Planted = { asksAgainWithoutKey: true }
