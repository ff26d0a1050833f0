CREATE TABLE "checkout_outcomes" (
	"tenant_id" text NOT NULL,
	"checkout_id" text NOT NULL,
	"order_id" bigint,
	CONSTRAINT "checkout_outcomes_tenant_id_checkout_id_pk" PRIMARY KEY("tenant_id","checkout_id")
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
CREATE TABLE "order_lines" (
	"tenant_id" text NOT NULL,
	"order_id" bigint NOT NULL,
	"sku" bigint NOT NULL,
	"quantity" bigint NOT NULL,
	"product_id" text,
	"name" text,
	"price" bigint,
	CONSTRAINT "order_lines_tenant_id_order_id_sku_pk" PRIMARY KEY("tenant_id","order_id","sku"),
	CONSTRAINT "quantity_positive" CHECK ("order_lines"."quantity" > 0)
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"checkout_id" text,
	"status" text NOT NULL,
	"version" bigint NOT NULL,
	"currency" text NOT NULL,
	"payment_method" text NOT NULL,
	"placed_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"pay_by" bigint,
	"paid_at" bigint,
	"cancelled_at" bigint,
	"cancel_reason" text,
	"shortages" text,
	CONSTRAINT "status_is_known" CHECK ("orders"."status" in ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'failed', 'cancelled', 'refunded')),
	CONSTRAINT "pending_has_deadline" CHECK ("orders"."status" <> 'pending' or "orders"."pay_by" is not null),
	CONSTRAINT "paid_has_moment" CHECK ("orders"."status" not in ('confirmed', 'processing', 'shipped', 'delivered', 'refunded') or "orders"."paid_at" is not null),
	CONSTRAINT "cancelled_has_reason" CHECK ("orders"."status" <> 'cancelled' or ("orders"."cancel_reason" is not null and "orders"."cancelled_at" is not null)),
	CONSTRAINT "failed_has_shortages" CHECK ("orders"."status" <> 'failed' or "orders"."shortages" is not null)
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
CREATE TABLE "products" (
	"tenant_id" text NOT NULL,
	"sku" bigint NOT NULL,
	"product_id" text NOT NULL,
	"name" text NOT NULL,
	"price" bigint NOT NULL,
	"currency" text NOT NULL,
	"weight_grams" bigint NOT NULL,
	"withdrawn" boolean NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "products_tenant_id_sku_pk" PRIMARY KEY("tenant_id","sku")
);
--> statement-breakpoint
CREATE TABLE "reservations" (
	"tenant_id" text NOT NULL,
	"order_id" bigint NOT NULL,
	"sku" bigint NOT NULL,
	"warehouse_id" bigint NOT NULL,
	"quantity" bigint NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "reservations_tenant_id_order_id_sku_warehouse_id_pk" PRIMARY KEY("tenant_id","order_id","sku","warehouse_id"),
	CONSTRAINT "reserved_quantity_positive" CHECK ("reservations"."quantity" > 0),
	CONSTRAINT "state_is_known" CHECK ("reservations"."state" in ('open', 'committed', 'released', 'expired'))
);
--> statement-breakpoint
CREATE TABLE "stock" (
	"tenant_id" text NOT NULL,
	"sku" bigint NOT NULL,
	"warehouse_id" bigint NOT NULL,
	"on_hand" bigint NOT NULL,
	"reserved" bigint NOT NULL,
	CONSTRAINT "stock_tenant_id_sku_warehouse_id_pk" PRIMARY KEY("tenant_id","sku","warehouse_id"),
	CONSTRAINT "on_hand_not_negative" CHECK ("stock"."on_hand" >= 0),
	CONSTRAINT "reserved_not_negative" CHECK ("stock"."reserved" >= 0),
	CONSTRAINT "reserved_is_on_hand" CHECK ("stock"."reserved" <= "stock"."on_hand")
);
--> statement-breakpoint
CREATE TABLE "stock_movements" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"sku" bigint NOT NULL,
	"warehouse_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"quantity" bigint NOT NULL,
	"order_id" bigint,
	"reason" text,
	"moment" bigint NOT NULL,
	CONSTRAINT "moved_quantity_positive" CHECK ("stock_movements"."quantity" > 0),
	CONSTRAINT "kind_is_known" CHECK ("stock_movements"."kind" in ('initial', 'restock', 'return', 'write_off', 'reserve', 'release', 'expire', 'commit'))
);
--> statement-breakpoint
CREATE TABLE "warehouses" (
	"tenant_id" text NOT NULL,
	"id" bigint NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "warehouses_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reservations" ADD CONSTRAINT "reservations_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock" ADD CONSTRAINT "stock_tenant_id_warehouse_id_warehouses_tenant_id_id_fk" FOREIGN KEY ("tenant_id","warehouse_id") REFERENCES "public"."warehouses"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "dead_letters_by_event" ON "dead_letters" USING btree ("stream","event_id");--> statement-breakpoint
CREATE INDEX "dead_letters_by_key" ON "dead_letters" USING btree ("stream","tenant_id","key","position");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_by_sequence" ON "inbox" USING btree ("stream","sequence");--> statement-breakpoint
CREATE INDEX "orders_by_user" ON "orders" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "orders_by_deadline" ON "orders" USING btree ("pay_by") WHERE status = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_by_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE INDEX "outbox_by_stream_sequence" ON "outbox" USING btree ("stream_sequence","position");--> statement-breakpoint
CREATE INDEX "outbox_to_repair" ON "outbox" USING btree ("stream_sequence","position") WHERE sent_at is null and stream_sequence is not null;