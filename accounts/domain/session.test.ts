//! What becomes of a refresh token, in every state of it and of its session.
import { describe, expect, test } from 'bun:test'
import type { TenantId, UserId } from '../../contracts/ids.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { judgeRefresh, type RefreshToken, replayMs, type Session } from './session.ts'

const now = 1_700_000_000_000 as Instant
const live: Session = {
  id: 'ses_1',
  tenantId: 'default' as TenantId,
  userId: 1n as UserId,
  generation: 3,
  addressRange: '203.0.113.0/24',
  createdAt: now,
  refreshedAt: now,
  expiresAt: plusMs(now, 3_600_000),
  endedAt: undefined,
}
const sessions = {
  live,
  expired: { ...live, expiresAt: now },
  ended: { ...live, endedAt: plusMs(now, -1) },
} as const
const unused: RefreshToken = { generation: 3, usedAt: undefined, replayed: false }
const last: RefreshToken = { generation: 2, usedAt: plusMs(now, 1 - replayMs), replayed: false }
const tokens = {
  unused,
  'the last, used a moment ago': last,
  'the last, used too long ago': { ...last, usedAt: plusMs(now, -replayMs) },
  'the last, used when the clock was a day ahead': { ...last, usedAt: plusMs(now, 86_400_000) },
  'the last, taken once more already': { ...last, replayed: true },
  'one before the last': { ...last, generation: 1 },
} as const
const verdicts = {
  unused: 'rotate',
  'the last, used a moment ago': 'replay',
  'the last, used too long ago': 'end',
  'the last, used when the clock was a day ahead': 'end',
  'the last, taken once more already': 'end',
  'one before the last': 'end',
} as const

for (const [state, session] of Object.entries(sessions)) {
  describe(`of a session that is ${state}`, () => {
    for (const [name, token] of Object.entries(tokens)) {
      const verdict = state === 'live' ? verdicts[name as keyof typeof verdicts] : 'refuse'
      test(`${name}: ${verdict}`, () => expect(judgeRefresh(session, token, now)).toBe(verdict))
    }
  })
}
