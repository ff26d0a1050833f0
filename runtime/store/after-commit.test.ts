//! Whatever is to be done after a commit is done after it, once, and only where there was one.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type Committing, committing } from './after-commit.ts'
import { schema, type Tables } from './conformance/schema.ts'
import { openStore } from './open.ts'
import type { Store } from './store.ts'

const migrations = join(import.meta.dir, 'conformance/migrations')

let plain: Store<Tables>
let told: Committing<Tables>
const done: string[] = []
beforeEach(async () => {
  plain = await openStore<Tables>('sqlite::memory:', { schema, migrations })
  told = committing(plain)
  done.length = 0
})
afterEach(() => told.store.close())

test('in the order in which it was said, after the body', async () => {
  const answer = await told.store.write(async (tx) => {
    told.afterCommit(tx, () => done.push('first'))
    told.afterCommit(tx, () => done.push('second'))
    return done.length
  })
  expect([answer, done]).toEqual([0, ['first', 'second']])
})

test('not where the body is undone, and not by the next body that is committed', async () => {
  const undone = told.store.write(async (tx) => {
    told.afterCommit(tx, () => done.push('undone'))
    throw new Error('undone by the test')
  })
  await expect(undone).rejects.toThrow('undone by the test')
  await told.store.write(async (tx) => told.afterCommit(tx, () => done.push('committed')))
  expect(done).toEqual(['committed'])
})

test('bodies that share a commit do each their own', async () => {
  const numbers = Array.from({ length: 20 }, (_, number) => number)
  await Promise.all(
    numbers.map((number) =>
      told.store.write(async (tx) => told.afterCommit(tx, () => done.push(String(number)))),
    ),
  )
  expect(done.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers.map(String))
})

test('not for a transaction of the store itself', async () => {
  await plain.write(async (tx) => told.afterCommit(tx, () => done.push('foreign')))
  expect(done).toEqual([])
})
