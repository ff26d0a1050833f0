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
CREATE TABLE "notices" (
	"arrival" bigserial PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"order_id" bigint NOT NULL,
	"status" text NOT NULL,
	"message" text NOT NULL,
	"moment" bigint NOT NULL,
	"event_id" text NOT NULL,
	CONSTRAINT "status_is_known" CHECK ("notices"."status" in ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'failed', 'cancelled', 'refunded')),
	CONSTRAINT "user_id_positive" CHECK ("notices"."user_id" > 0),
	CONSTRAINT "order_id_positive" CHECK ("notices"."order_id" > 0),
	CONSTRAINT "message_is_said" CHECK (length("notices"."message") between 1 and 1000)
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
CREATE UNIQUE INDEX "dead_letters_by_event" ON "dead_letters" USING btree ("stream","event_id");--> statement-breakpoint
CREATE INDEX "dead_letters_by_key" ON "dead_letters" USING btree ("stream","tenant_id","key","position");--> statement-breakpoint
CREATE INDEX "inbox_by_sequence" ON "inbox" USING btree ("stream","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "notices_by_id" ON "notices" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "notices_by_event" ON "notices" USING btree ("event_id");--> statement-breakpoint
CREATE INDEX "notices_by_user" ON "notices" USING btree ("tenant_id","user_id","moment","arrival");