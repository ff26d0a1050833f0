//! Makes docs/errors.md from the catalogue of refusals and the two translations of it.
import { status } from '@grpc/grpc-js'
import { type ErrorCode, errorEntry, errors } from '../../contracts/errors.ts'
import { grpcCodeOf } from '../../runtime/grpc.ts'
import { statusOf } from '../../runtime/http/problem.ts'
import { type GeneratedFile, table } from './files.ts'

const head = `# Errors

Made by \`bun run generate\` from [contracts/errors.ts](../contracts/errors.ts).

Every refusal of every service has one of these codes: over HTTP in a problem document (\`application/problem+json\`,
RFC 9457) as \`code\`, over gRPC as the \`reason\` of \`google.rpc.ErrorInfo\` in the status details, over NATS as
\`error.code\`. Programs look at the code; the title and the sentence (\`title\` and \`detail\` of the document)
may be put better one day. What more is known, such as the
\`shortages\` of \`insufficient_stock\` or the \`errors\` of \`invalid_argument\`, stands beside the code.

"RPC" is the HTTP surface whose paths are verbs (\`POST /order/create\`), "REST" the one under \`/api\`. 429 and 503 come
with \`Retry-After\`.
`

export function errorsPage(): GeneratedFile {
  const rows = (Object.keys(errors) as ErrorCode[]).map((code) => {
    const { kind, title, message } = errorEntry(code)
    const grpc = grpcCodeOf(code)
    return [
      `\`${code}\``,
      `\`${kind}\``,
      String(statusOf(code, 'rpc')),
      String(statusOf(code, 'rest')),
      `${grpc} ${status[grpc]}`,
      title,
      message,
    ]
  })
  const heads = ['code', 'kind', 'RPC', 'REST', 'gRPC', 'title', 'what it says']
  return { path: 'docs/errors.md', text: `${head}\n${table(heads, rows)}\n` }
}
