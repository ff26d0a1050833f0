//! Which services there are: those of the Procfile, so that a new one is killed, cut off and set back like the others.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseProcfile } from '../../tools/dev/procfile.ts'

const procfile = readFileSync(resolve(import.meta.dir, '../../Procfile'), 'utf8')

export const services: readonly string[] = parseProcfile(procfile)
  .map(({ name }) => name)
  .filter((name) => name !== 'nats')
