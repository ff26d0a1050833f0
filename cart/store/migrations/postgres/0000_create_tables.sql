CREATE TABLE "cart_lines" (
	"tenant_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"sku" bigint NOT NULL,
	"quantity" bigint NOT NULL,
	"price" bigint NOT NULL,
	"added_at" bigint NOT NULL,
	CONSTRAINT "cart_lines_tenant_id_user_id_sku_pk" PRIMARY KEY("tenant_id","user_id","sku"),
	CONSTRAINT "quantity_in_range" CHECK ("cart_lines"."quantity" between 1 and 65535)
);
--> statement-breakpoint
CREATE TABLE "checkouts" (
	"tenant_id" text NOT NULL,
	"id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"state" text NOT NULL,
	"lines" text NOT NULL,
	"not_after" bigint NOT NULL,
	"order_id" bigint,
	"key_scope" text,
	"key" text,
	"created_at" bigint NOT NULL,
	"ended_at" bigint,
	CONSTRAINT "checkouts_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "state_is_known" CHECK ("checkouts"."state" in ('open', 'placed', 'refused', 'abandoned')),
	CONSTRAINT "placed_has_order" CHECK ("checkouts"."state" <> 'placed' or "checkouts"."order_id" is not null)
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
CREATE UNIQUE INDEX "one_open_checkout_per_user" ON "checkouts" USING btree ("tenant_id","user_id") WHERE state = 'open';--> statement-breakpoint
CREATE INDEX "open_checkouts_by_deadline" ON "checkouts" USING btree ("not_after") WHERE state = 'open';--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");