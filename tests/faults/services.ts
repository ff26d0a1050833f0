//! Which services are killed, cut off and set back while buyers trade: those that a trade goes through, which are the ones that run.
import { purchasePath } from '../harness/system.ts'

export const services: readonly string[] = purchasePath
