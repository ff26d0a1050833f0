//! `bun run seed` as it is run.
import { expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { useTool } from '../tests/scale/tool.ts'

test('a seed puts the shop into the folder that it is told of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-seed-'))
  await useTool('seed', ['--data', folder])
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['catalog.sqlite', 'loms.sqlite']))
  await rm(folder, { recursive: true })
})
