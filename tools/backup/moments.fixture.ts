//! Takes moment after moment of two files that somebody writes to: `bun moments.fixture.ts <folder> <count> <service> <service>`.
import { join } from 'node:path'
import { takeMoment } from './moment.ts'

const [folder = '', count, ...order] = process.argv.slice(2)
const homes = order.map(
  (service) => ({ service, place: { engine: 'sqlite', path: join(folder, `${service}.sqlite`) } }) as const,
)

for (let n = 0; n < Number(count); n += 1) {
  const moment = await takeMoment(homes)
  for (const { home, data } of moment.pinned) {
    await data.copyTo(join(folder, `${home.service}-${n}`))
    await data[Symbol.asyncDispose]()
  }
}
