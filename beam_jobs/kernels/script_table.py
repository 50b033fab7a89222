"""The script of every character, made by `generate_script_table`; do not edit.

`CODES[STAGE2[STAGE1[c >> 8] << 8 | c & 255]]` is the place of code point c's script among `SCRIPT_CODES`
(ISO 15924, blanks between).
"""

from __future__ import annotations

import base64
import zlib

import numpy as np
import numpy.typing as npt

REGEX_VERSION = "2026.11.15"
SCRIPT_CODES = (
    "Zyyy Adlm Aghb Ahom Arab Armi Armn Avst Bali Bamu Bass Batk Beng Bhks Bopo Brah Brai Bugi Buhd Cakm "
    "Cans Cari Cham Cher Chrs Copt Cpmn Cprt Cyrl Deva Diak Dogr Dsrt Dupl Egyp Elba Elym Ethi Geor Glag "
    "Gong Gonm Goth Gran Grek Gujr Guru Hang Hani Hano Hatr Hebr Hira Hluw Hmng Hmnp Hung Ital Java Kali "
    "Kana Kawi Khar Khmr Khoj Kits Knda Kthi Lana Laoo Latn Lepc Limb Lina Linb Lisu Lyci Lydi Mahj Maka "
    "Mand Mani Marc Medf Mend Merc Mero Mlym Modi Mong Mroo Mtei Mult Mymr Nagm Nand Narb Nbat Newa Nkoo "
    "Nshu Ogam Olck Orkh Orya Osge Osma Ougr Palm Pauc Perm Phag Phli Phlp Phnx Plrd Prti Rjng Rohg Runr "
    "Samr Sarb Saur Sgnw Shaw Shrd Sidd Sind Sinh Sogd Sogo Sora Soyo Sund Sylo Syrc Tagb Takr Tale Talu "
    "Taml Tang Tavt Telu Tfng Tglg Thaa Thai Tibt Tirh Tnsa Toto Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi "
    "Yiii Zanb "
)


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))


STAGE1: npt.NDArray[np.uint8] = np.frombuffer(
    _unpack(
        "c-rGjP2twpldCQ>l#r~;k!r|ywYJjI(yq@-*HB7JN_FHCVgLhmAhxq%_Y)I!jt;~Hd;_Tt+JT_0sZqEpQb*jCc;Lc7"
        "2n2d1D##0pWbt!Em{?|J=oZH+7M1c;s%geK6maIs7#npMsM<5fw6?akv^Mj?bg^0hftdvgFb@q4A!wb7igFkOgFs0w"
        "ZjcaPL(mw;sNh04#}um)Coox2Q4XS#ZNu3ZSQr?XvZX;>Ss)HV4Td2B{4qq_v8waIXGlO`peK^Q-EjHegOF>y8Aib<"
        "7zLwX6pVsVFbYP&C>RB!U=$2B000>!!L$"
    ),
    dtype="<u1",
).astype(np.uint8, copy=False)
STAGE2: npt.NDArray[np.uint8] = np.frombuffer(
    _unpack(
        "c-rlphlABL9LK-vIZ#k>A$s5hMDLDM4i^Zbatey#Kt;icid#`!IB?=P+yhZh{7-FGn<i;i)A#yb--ouz@0Z{2mnLcZ"
        "uB8nyqDySZpc|GBeS23hz&An`41N3Wt71so`-C^`-2aQ3r`6;4haJuS?`W8NzuP-qiKVC}Z5r=;Y-Hu<hcaN-tB<4b"
        "^=n~+XDt#@C=A>0(?kZ@h#b{{spwY2s0?6f2`zfVjM>4z-VjrOtfm@V6^&JxrEKebJcD~c&sO4B9(myqa#ieEJ4khX"
        "nMjKszvaXKU~{yvwd3PSu7{o%tH$v^%ITR_@sn-)Id`3h1MovX+Y_3p$S@|M-Jaz7z9C1-dH}4k17TrIeTVo=e_T6M"
        "li*#8dHz@KVR93SY4;5(XkW`}nwe<?h}dDrOW?spHsU#;ni`%Tk~HMx%X1U#bRg@J#5^7ZAm=GlQ&VIm36;Pl6%;97"
        "z;%)z$rW*@N<ukW&gA4ISs7)i1d5bpfl19T(<z6qYB@P66%c9PzI|k+0BkjZB1LYj`q9W-1(T)ZBAA=Y76Q#PfvX{M"
        "tOVRJH;3*w$Agx8Va^0A`Xw5tyVnJ2%NAt+2yANrl|_JJ0JY3j{Rs&v$7534Z{JR;Mk}<~5A5x$>(6nJB{PHa3;|S4"
        "Be2aFvnlLz9hIeOPzqB0Xktw4AZ+Eq?XA8af&Q!n0S{EXp8E9k)(6esK#jGGn$P1p$Ei_d9m#WV8v#V_4IMfTLU>by"
        "50sS6Wkr>O(^3)<?aP{+5rJqs$uEe7$9T++RL-n_PYa|h<#a2eycqul9cPgMi$YMWi~h8G0S`E+vVdxqh_jO78?mVV"
        "_WBf!$+DkU!A(@f*&S!G1z_>wJL&;@DM|vNS}t@cIX4D_mxy<-A9?*BH4F|JklKIVh`#cijck10O-DHzAO8#D$d4aY"
        "t>*VQ_`W_>r#3CDd=SdHn3APD=Ld)jh}+3Vkmp`;@U$JVo0`Ix>vS?*Q8XS1PVvIi%;2~-7S>*efo#hEN4Ev^aW|F~"
        "H1d2c{~c;6%Ti+qYO7^o1{QJvwwgemf|*E$g`a2^%?PKekfdli10ahK=wbuQC3EJ_F{o<sB&W#vQL?whzoZ7eI6nVM"
        "PbvJRiTN;)m#hGCp75dvA$FJb4ruksG9M7RP*OL><&DsE{1K@Jsq39^g(u>8J~0C6bUX1_0gjbHk;2ogJ}XopzXnqa"
        "cM#Z2*#0eP1Q9n$J5BwD;C}SA_p8Ud-j!ZpB^``x`(q^haLY47whq4G{j1Q_b^o)9fmJF%Q3S53eZS~_!MNA=KdTzX"
        "^^)AuK0q7J^Q#%4i$7U_vXAJ`)r#gS3h3fNVF=k@Qq-ilMPyu)K{qr5wwgeZA~#n3vJDTL2bV2{s%76}nLfiPr|!=-"
        "RC`RI>VqzWU+7mNb~)dhsv42(<FX!oMb;dl?_;+uzU%#N*E`T_1^|!#^yunDPD94vd@0@xu21EsM+8kPFzSZEI)8fI"
        "A8qUVt{)qNc0P@+DQS<QuJ=mUkB_dMAfqcrnHh8&*N4d2J@QQPp)~by#mjEO4fo_czqe(qOT)m9|GJKIeG-cPlypjJ"
        "@UTYe4L5|K*~>DEHfYEHO&-X`S64$#Uh{|AAGLy`|9C*+=o&xP2Z8kmJdna4a6N#$IVo~H(CCiWud!jK+cY=1$Y5}b"
        "ims``<gJva=Wa!w3#RP8F$38`*vJ82tD&~C3y&Zvxct6@ryRKY<9<I>)7<}74TH)`z46@5z;3Xlj4U(zPvTMhS-j1|"
        "i%<7&?mC8P(Aak<_K!)xw^+*;!Jy55;5U^O{ZIb!;OXb6TPc$>o@Ro(+HW4r_8sH?G}#zsBnFg_E}=Q|TzRt{=gvs7"
        "t}|+$4@7-Aa-~1iSj+<wd;Z^Lr&O-mQ(4h{YX#s*&UXRW?X`GR+T>ts9Qpn`ilJ*v=O1EbRZKE%?ADI6O#<60fmx@j"
        "0abRft$)z^9~uVqW_Ta}kH~<pp-6sOOsccElIbXnGgKU^08%cuBKF9gP#CdR%7M%CUp$%uV>~ABk}>rEH_@p6Og28`"
        "vp{xgS9vc>JG-kX5F9_@d?iKu_q3eQ?{h-_ej=M^8U$=><+nuW@%*lTdpiti{|l*z{QK+1a1!}5VZVjUX#e&~Xprr7"
        "|NeZ~!OjYZuUWq{h_})~cBz)L$-i#@9@#rRy;*<%Czs#xM7JM~_g~%%LbJyX3&0K>E}->!&S2ZKNq`Tw2xVxP&Tdni"
        "gB|BHPegxx>W#U-U#`S&ye_n0vcJ+yUj9`GhWM{XBK$u{f+-r)xTb45Tmpw{0OB2bb^1A&a{oUY4|P7`qT%14BfY2J"
        "^|y*2WWZMwnjX;oc&FwXK(Q<=IJe1wuO^^o0o{*B=b1vQR3Y(`k)rro6O#Wq2ITl(%YdzN`KCsZ<E!;C`PW2v1q!GT"
        "F-9oW<8}S{GXRr+)AKVnHSc*$`-hSF1jxt3d_y$#`#axSdUO9f-*Jw&iEKRLJ^A~gfgJBR|0P27{}<^gov-Tu<h&XS"
        "kM}>6!6r}"
    ),
    dtype="<u1",
).astype(np.uint8, copy=False)
CODES: npt.NDArray[np.uint32] = np.frombuffer(
    _unpack(
        "c-jra2UiXN006+Rs1QO@XbP1|Q)NYaSW%%pD2j$8Aq^UeNMt0cf9meN3j_jzAcNiEPD2be%w6twkKyihpZksQfCoKf"
        "q=$|2h|$J))MFku);Qx$FwrDWnCwYUdD;|HP4kTDW|-+&v&=TfT=UHLoCOwI<asZ6(Mw*o*ehPO#8S&Fx57%RthUBl"
        "uX)`Y-t?Ar-u905HrVK0?|I)Qn{BbxHrws6(=NMx;6r=t^^uS5v)?B^b-+P~9QK(bK6lg?j``AYU-{ZMPWaYIr<``i"
        "cfNPlIp<yQgNrWt(N8Y>*)Oj6)m6Xw-8Fys(_j8}-9K*l*MDxh<+lF;L{T#G"
    ),
    dtype="<u4",
).astype(np.uint32, copy=False)
