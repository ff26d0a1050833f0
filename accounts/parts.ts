//! What main and the tests put together from the settings and an open store: everything that the operations are handed.
import type { NewId } from '../contracts/ids.ts'
import type { Clock } from '../contracts/time.ts'
import { accessTokenSeconds } from '../contracts/tokens.ts'
import type { Announce } from '../runtime/messages/outbox.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Config } from './config.ts'
import type { Deps } from './deps.ts'
import type { KeyBox, KeyRing } from './key-ring.ts'
import { createLimits } from './limits.ts'
import { createPasswords } from './passwords.ts'
import { createProviders } from './providers.ts'
import type { AccountsStore } from './store/schema.ts'
import { tokenMaker } from './tokens.ts'

export type Given = {
  readonly store: AccountsStore
  readonly now: Clock
  readonly newId: NewId
  readonly announce: Announce
  readonly ring: KeyRing
  readonly box: KeyBox
  readonly verifyToken: VerifyToken
}

type PartSettings = Pick<
  Config,
  'passwords' | 'limits' | 'rotationMs' | 'sessionMs' | 'providers' | 'publicUrl'
>

export async function createDeps(settings: PartSettings, given: Given): Promise<Deps> {
  return {
    ...given,
    passwords: await createPasswords(settings.passwords),
    limits: createLimits(settings.limits),
    keyPolicy: { rotationMs: settings.rotationMs, tokenMs: accessTokenSeconds * 1000 },
    makeToken: tokenMaker(given.ring, given.now),
    sessionMs: settings.sessionMs,
    providers: createProviders(settings.providers, settings.publicUrl),
  }
}
