//! Server reflection: clients such as grpcurl ask the port itself what it serves.
import { type DescFile, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { ReflectionService } from '@grpc/reflection'
import { file_google_rpc_error_details } from '../../contracts/gen/google/rpc/error_details_pb.ts'
import { file_google_rpc_status } from '../../contracts/gen/google/rpc/status_pb.ts'
import { healthFiles } from './health.ts'
import type { GrpcService } from './service.ts'

/**
 * Reflection over the generated descriptions, so that it says what is served whatever folder the process runs in. The
 * files of the status details are among them: a client can print a refusal without having our protos.
 */
export function reflectionOf(services: readonly GrpcService[]): ReflectionService {
  const roots = [
    ...services.map(({ desc }) => desc.file),
    file_google_rpc_status,
    file_google_rpc_error_details,
  ]
  const files = new Map<string, DescFile>()
  for (const file of roots) collect(file, files)
  const encoded = [...files.values()].map(({ proto }) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, proto)),
  )
  // The library takes a proto-loader package and reads nothing but the files of its entries.
  return new ReflectionService({
    kiosk: {
      format: 'Protocol Buffer 3 DescriptorProto',
      type: {},
      fileDescriptorProtos: [...encoded, ...healthFiles()],
    },
  })
}

function collect(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.name)) return
  files.set(file.name, file)
  for (const dependency of file.dependencies) collect(dependency, files)
}
