CREATE TABLE "closed_orders" (
	"tenant_id" text NOT NULL,
	"order_id" bigint NOT NULL,
	CONSTRAINT "closed_orders_tenant_id_order_id_pk" PRIMARY KEY("tenant_id","order_id")
);
--> statement-breakpoint
CREATE TABLE "dead_letters" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"stream" text NOT NULL,
	"event_id" text NOT NULL,
	"sequence" bigint NOT NULL,
	"subject" text NOT NULL,
	"type" text NOT NULL,
	"key" text NOT NULL,
	"tenant_id" text NOT NULL,
	"headers" text NOT NULL,
	"data" text NOT NULL,
	"encoding" text NOT NULL,
	"reason" text NOT NULL,
	"attempts" bigint NOT NULL,
	"state" text NOT NULL,
	"moment" bigint NOT NULL,
	CONSTRAINT "state_is_known" CHECK ("dead_letters"."state" in ('failed', 'parked')),
	CONSTRAINT "encoding_is_known" CHECK ("dead_letters"."encoding" in ('text', 'base64'))
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" text NOT NULL,
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"request_id" text NOT NULL,
	"answer" text,
	"created_at" bigint NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_id_scope_key_pk" PRIMARY KEY("tenant_id","scope","key")
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"stream" text NOT NULL,
	"event_id" text NOT NULL,
	"sequence" bigint NOT NULL,
	"moment" bigint NOT NULL,
	"outcome" text NOT NULL,
	CONSTRAINT "inbox_stream_event_id_pk" PRIMARY KEY("stream","event_id")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text NOT NULL,
	"holder" text NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "leases_name_pk" PRIMARY KEY("name")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"type" text NOT NULL,
	"key" text NOT NULL,
	"tenant_id" text NOT NULL,
	"moment" bigint NOT NULL,
	"traceparent" text,
	"data" text NOT NULL,
	"sent_at" bigint,
	"stream_sequence" bigint,
	CONSTRAINT "sent_has_a_sequence" CHECK ("outbox"."sent_at" is null or "outbox"."stream_sequence" is not null)
);
--> statement-breakpoint
CREATE TABLE "places" (
	"stream" text NOT NULL,
	"sequence" bigint NOT NULL,
	"event_id" text NOT NULL,
	"moment" bigint NOT NULL,
	CONSTRAINT "places_stream_pk" PRIMARY KEY("stream")
);
--> statement-breakpoint
CREATE TABLE "shipments" (
	"id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"order_id" bigint NOT NULL,
	"user_id" bigint NOT NULL,
	"carrier" text NOT NULL,
	"address" text,
	"pickup_point" text,
	"status" text NOT NULL,
	"reason" text,
	"is_released" boolean NOT NULL,
	"version" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "shipments_id_pk" PRIMARY KEY("id"),
	CONSTRAINT "shipment_status_is_known" CHECK ("shipments"."status" in ('queued', 'refused', 'sent', 'received', 'cancelled'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "dead_letters_by_event" ON "dead_letters" USING btree ("stream","event_id");--> statement-breakpoint
CREATE INDEX "dead_letters_by_key" ON "dead_letters" USING btree ("stream","tenant_id","key","position");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_by_sequence" ON "inbox" USING btree ("stream","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_by_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE INDEX "outbox_by_stream_sequence" ON "outbox" USING btree ("stream_sequence","position");--> statement-breakpoint
CREATE INDEX "outbox_to_repair" ON "outbox" USING btree ("stream_sequence","position") WHERE sent_at is null and stream_sequence is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "shipments_by_order" ON "shipments" USING btree ("tenant_id","order_id");--> statement-breakpoint
CREATE INDEX "shipments_to_send" ON "shipments" USING btree ("tenant_id","created_at") WHERE status = 'queued';