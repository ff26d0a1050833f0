//! The stream in memory keeps what JetStream keeps.
import { factStreamSuite } from './fact-stream.suite.fixture.ts'
import { MemoryStream } from './memory-stream.fixture.ts'

factStreamSuite('in memory', async () => {
  const stream = new MemoryStream('COUNTER', 'counter')
  return {
    stream,
    put: async (subject, headers, data) => stream.put(subject, headers, data),
    restart: async () => stream.restart(),
    vanish: async () => stream.vanish(),
    punch: async (sequence) => stream.punch(sequence),
    expireUpTo: async (sequence) => stream.expireUpTo(sequence),
    limitTo: async (messages) => {
      stream.messagesMax = messages
    },
    close: async () => undefined,
  }
})
