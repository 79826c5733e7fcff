#include "textflag.h"

// func prefetchRows(p unsafe.Pointer, stride, rows, size int)
TEXT ·prefetchRows(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ stride+8(FP), BX
	MOVQ rows+16(FP), CX
	MOVQ size+24(FP), DX

row:
	MOVQ SI, DI
	LEAQ -1(SI)(DX*1), R8 // the last byte
	ANDQ $-64, DI

line:
	BYTE $0x0f; BYTE $0x0d; BYTE $0x0f // PREFETCHW (DI), which the assembler does not know
	ADDQ $64, DI
	CMPQ DI, R8
	JLS  line
	ADDQ BX, SI
	DECQ CX
	JNZ  row
	RET
